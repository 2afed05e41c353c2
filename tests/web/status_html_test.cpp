#include "web/status_html.h"

#include "support/catch.h"
#include "support/status.h"

using namespace topnet::web;
using topnet::test::busy_status;

TEST_CASE("the page shows who is connected, what clients reported, and every counter") {
  const std::string page = to_html(busy_status());
  for (const char* text :
       {"<title>web01 – topnet</title>", "<h1>web01</h1>",
        "topnet 0.1.0, process 77, serves TLS on [::]:8676 since 2026-11-23T20:01:02.123Z.",
        "<td class=\"number\">12</td><td>local</td><td>127.0.0.1:41234</td><td>idle</td>"
        "<td class=\"number\">1</td><td>2026-11-23T20:01:03.123Z</td>",
        "<td class=\"number\">13</td><td>–</td><td>[2001:db8::1]:5</td><td>handshake</td>",
        "<td>local</td><td>db1</td><td>postgres</td><td class=\"number\">4121</td>"
        "<td class=\"number\">812</td><td class=\"number\">31</td><td class=\"number\">843</td>",
        "<td>accepted</td><td class=\"number\">38</td>",
        "<td>completed</td><td class=\"number\">1<",
        "<td>internal_error</td><td class=\"number\">8<", "<td>active</td><td class=\"number\">2<",
        "<td>scans</td><td class=\"number\">2<", "<td>threads</td><td class=\"number\">6<"}) {
    INFO(text);
    CHECK_THAT(page, Catch::Contains(text));
  }
}

TEST_CASE("a server without clients says so") {
  const std::string page = to_html(Status{});
  CHECK_THAT(page, Catch::Contains("Nobody is connected."));
  CHECK_THAT(page, Catch::Contains("No client has reported yet."));
  CHECK_THAT(page, Catch::Contains("<h1>this machine</h1>"));
}

TEST_CASE("plaintext is called so") {
  Status status = busy_status();
  status.server.uses_tls = false;
  CHECK_THAT(to_html(status), Catch::Contains("serves plaintext on"));
}

TEST_CASE("names of any kind stay text, wherever they stand") {
  const std::string hostile = "</td><script>\"'&{}{0}";
  const std::string as_text = "&lt;/td&gt;&lt;script&gt;&quot;&#39;&amp;{}{0}";
  Status status = busy_status();
  status.server.version = status.server.listen = hostile;
  status.server.host = hostile;
  status.exchange.connections.at(0).client = hostile;
  status.exchange.connections.at(0).peer = hostile;
  status.tops.at(0).client = hostile;
  status.tops.at(0).top.host = hostile;
  status.tops.at(0).top.name = hostile;
  const std::string page = to_html(status);
  CHECK_THAT(page, !Catch::Contains("<script"));
  std::size_t shown = 0;
  for (auto at = page.find(as_text); at != std::string::npos; at = page.find(as_text, at + 1)) {
    ++shown;
  }
  CHECK(shown == 9);  // the host in the title too
}
