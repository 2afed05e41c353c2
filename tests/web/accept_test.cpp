#include "web/accept.h"

#include "support/catch.h"

using topnet::web::prefers_json;

TEST_CASE("a client that names JSON alone, or before HTML by its quality, gets it") {
  for (const char* accept :
       {"application/json", "Application/JSON", " application/json ", "application/json;q=0.001",
        "text/html;q=0.8, application/json", "text/html;q=0.8,application/json;q=0.9",
        "text/html;q=0, */*", "text/*;q=0.5, application/*", "application/json;charset=utf-8",
        "text/html ; level=1 ; q=0.2 , application/json ; q=0.3"}) {
    INFO(accept);
    CHECK(prefers_json(accept));
  }
}

TEST_CASE("where both are equally welcome, JSON has to be named more narrowly") {
  CHECK(prefers_json("application/json, */*"));
  CHECK(prefers_json("*/*, application/json"));
  CHECK(prefers_json("application/*, */*"));
  CHECK_FALSE(prefers_json("text/html, application/json"));
  CHECK_FALSE(prefers_json("application/json, text/html"));
  CHECK_FALSE(prefers_json("application/json, text/*;q=0.5, text/html"));
}

TEST_CASE("everybody else gets HTML") {
  for (const char* accept :
       {"", "*/*", "text/html", "text/html, */*", "image/png", "application/xml", "json",
        "application/json;q=0", "application/json;q=0.000, text/html;q=0", "*/*;q=0",
        "application/*;q=0.5, text/html",
        // Firefox and Chromium.
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,"
        "*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"}) {
    INFO(accept);
    CHECK_FALSE(prefers_json(accept));
  }
}

TEST_CASE("a quality that is none counts as 0") {
  for (const char* quality : {"", "2", "1.001", "-1", "0,5", "0.1234", "1e0", ".9", "x", "0.9x"}) {
    INFO(quality);
    CHECK_FALSE(prefers_json("application/json;q=" + std::string(quality) + ", text/html;q=0.1"));
  }
  CHECK(prefers_json("application/json;q=1.000, text/html;q=0.999"));
  CHECK(prefers_json("application/json;Q=0.2, text/html;q=0.1"));
  CHECK(prefers_json("application/json;q=0.11, text/html;q=0.1"));
}

TEST_CASE("lists of nothing do no harm") {
  CHECK_FALSE(prefers_json(",,,;;;,;q=,"));
  CHECK_FALSE(prefers_json(std::string(4000, ',')));
  CHECK(prefers_json(std::string(4000, ';') + ",application/json"));
}
