#include "net/json_fields.h"

#include "support/catch.h"

using namespace topnet::net;
using namespace std::chrono_literals;

TEST_CASE("M1: what is no object, or none alone, is refused") {
  for (const char* const text : {"", " ", "null", "7", "[]", "[{}]", "\"a\"", "{", "{}{}", "{} x",
                                 "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":\"\xff\"}", "{'a':1}",
                                 "{\"a\":01}", "{\"a\":1e999}", "{\"a\":NaN}", "{\"a\":\"\n\"}"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(JsonFields(text, 8), ProtocolError);
  }
  CHECK_FALSE(JsonFields(" {} ", 8).has("a"));
}

TEST_CASE("M1: an object is nested as deep as is allowed, and no deeper") {
  for (const auto& [text, depth] : std::vector<std::pair<std::string, std::size_t>>{
           {"{}", 1}, {R"({"a":{}})", 2}, {R"({"a":[]})", 2}, {R"({"a":[1,{"b":[]}]})", 4}}) {
    CAPTURE(text);
    CHECK_NOTHROW(JsonFields(text, depth));
    CHECK_THROWS_AS(JsonFields(text, depth - 1), ProtocolError);
  }
}

TEST_CASE("M2: what is in an array, or deeper than in an object of its own, is no field") {
  const JsonFields fields(R"({"x":[{"a":1},[2],{"a":{"b":3}}],"y":{"z":{"a":4},"a":5},"b":6})", 8);
  CHECK(fields.number("b", 0, 10) == 6);
  CHECK_FALSE(fields.has("a"));
  CHECK_FALSE(fields.has("z"));
  CHECK_THROWS_AS(fields.number("x", 0, 10), ProtocolError);
  CHECK_THROWS_AS(fields.text("y"), ProtocolError);
}

TEST_CASE("M2: of two fields with one name the later one counts, with all that is in it") {
  const auto window_in = [](const std::string& text) {
    return JsonFields(text, 8).window("w", 1ms, 10s);
  };
  const std::string first = R"({"w":{"kind":"interval","seconds":1},"w":)";
  CHECK(window_in(first + R"({"kind":"interval","seconds":2}})") == 2s);
  CHECK_THROWS_AS(window_in(first + "7}"), ProtocolError);
  CHECK_THROWS_AS(window_in(first + R"({"kind":"since_start"}})"), ProtocolError);
  CHECK(window_in(R"({"w":7,"w":{"kind":"since_start","seconds":null}})") == std::nullopt);
  CHECK(JsonFields(R"({"a":"x","a":7})", 8).number("a", 7, 7) == 7);
}

TEST_CASE("M3: a field is of its own type and in its range") {
  const JsonFields fields(
      R"({"n":7,"f":1.5,"m":-1,"big":18446744073709551616,"t":"ab","u":"a\u0000","z":null,"b":true})",
      8);
  CHECK(fields.number("n", 7, 7) == 7);
  CHECK_THROWS_AS(fields.number("n", 8, 9), ProtocolError);
  CHECK_THROWS_AS(fields.number("n", 1, 6), ProtocolError);
  for (const char* const name : {"f", "m", "big", "t", "z", "b", "missing"}) {
    CAPTURE(name);
    CHECK_THROWS_AS(fields.number(name, 0, UINT64_MAX), ProtocolError);
  }
  CHECK(fields.time("n", 7s, 7s) == 7s);
  CHECK(fields.time("f", 0s, 2s) == 1500ms);
  for (const char* const name : {"m", "big", "t", "z", "b", "missing"}) {
    CAPTURE(name);
    CHECK_THROWS_AS(fields.time(name, 0s, 1000h), ProtocolError);
  }
  CHECK(fields.text("t") == "ab");
  CHECK(fields.hex("t", 2) == "ab");
  CHECK_THROWS_AS(fields.hex("t", 3), ProtocolError);
  CHECK(fields.escaped("t", 2) == "ab");
  CHECK_THROWS_AS(fields.escaped("t", 1), ProtocolError);
  CHECK_THROWS_AS(fields.escaped("u", 9), ProtocolError);
  CHECK_THROWS_AS(fields.text("n"), ProtocolError);
  CHECK(fields.is_null("z"));
  CHECK_FALSE(fields.is_null("n"));
  CHECK_THROWS_AS(fields.is_null("missing"), ProtocolError);
}
