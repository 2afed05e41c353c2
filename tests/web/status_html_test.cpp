#include "web/status_html.h"

#include <regex>

#include "support/catch.h"
#include "support/status.h"
#include "web/assets.h"

using namespace topnet::web;
using topnet::test::busy_status;
namespace net = topnet::net;

TEST_CASE("StatusHtml: the page shows the host, connections, client reports and counters",
          "[status_html]") {
  const std::string page = to_html(busy_status());
  for (const char* text :
       {"<title>web01 – topnet</title>",
        "<h1>web01</h1>",
        "as of <time id=\"time\" datetime=\"2026-11-23T20:01:12.123Z\">",
        "<strong id=\"busy\">75.0 %</strong> of 2 CPUs busy, over 2.0 s",
        "listed below <b>50.0 %</b>",
        "other processes <b>10.0 %</b>",
        "exited processes <b>12.5 %</b>",
        "interrupts <b>2.0 %</b>",
        "unexplained <b>0.5 %</b>",
        "exited children of sh (7) 12.5 %",
        "<td>cc1plus</td><td>4242</td><td>95.0 %</td>"
        "<td>5.0 %</td><td>100.0 %</td>",
        "Monitoring uses 0.04 % of one CPU.",
        "<td>local</td><td>db1</td><td>postgres</td><td>4121</td><td>8.43 s</td>"
        "<td><span title=\"2026-11-23T20:01:04.123Z\">8 s</span></td>"
        "<td>make <span title=\"2026-11-23T19:59:04.123Z\">2 min</span></td>",
        "<td>12</td><td>local</td><td>127.0.0.1:41234</td><td>idle</td>"
        "<td>1</td><td><span title=\"2026-11-23T20:01:03.123Z\"",
        "<td>13</td><td>–</td><td>[2001:db8::1]:5</td><td>handshake</td>",
        "<td>accepted</td><td>38</td>",
        "<td>completed</td><td>1<",
        "<td>internal_error</td><td>8<",
        "<td>active</td><td>2<",
        "<td>scans</td><td>2<",
        "<td>threads</td><td>6<",
        "topnet 0.1.0, process 77, serves TLS on [::]:8676 since 2026-11-23T20:01:02.123Z."}) {
    INFO(text);
    CHECK_THAT(page, Catch::Contains(text));
  }
}

TEST_CASE("StatusHtml: a client's CPU is in percent over a window, and old reports are stale",
          "[status_html]") {
  Status status = busy_status();
  status.clients.front().erase(status.clients.front().begin());
  CHECK_THAT(to_html(status), Catch::Contains("<td>421.5 %</td>"));
  CHECK_THAT(to_html(status), !Catch::Contains("<span class=\"stale\""));
  status.time += std::chrono::minutes(10);
  CHECK_THAT(to_html(status), Catch::Contains("<span class=\"stale\" title="));
}

TEST_CASE("StatusHtml: a server without clients, windows and TLS says so", "[status_html]") {
  Status status;
  status.server.uses_tls = false;
  const std::string page = to_html(status);
  CHECK_THAT(page, Catch::Contains("No client is connected."));
  CHECK_THAT(page, Catch::Contains("No client has reported yet."));
  CHECK_THAT(page, Catch::Contains("<h1>this machine</h1>"));
  CHECK_THAT(page, Catch::Contains("Not measured yet."));
  CHECK_THAT(page, Catch::Contains("serves plaintext on"));
}

TEST_CASE("StatusHtml: without the machine's figures only shares of one CPU are shown",
          "[status_html]") {
  Status status = busy_status();
  CHECK_THAT(to_html(status), !Catch::Contains("not known"));
  status.host = topnet::test::without_cpu_times(*status.host);
  status.stats.threads.reset();
  const std::string page = to_html(status);
  for (const char* const text :
       {"<strong id=\"busy\">–</strong> of all CPUs busy, over 2.0 s", "listed below <b>–</b>",
        "unexplained <b>–</b>", "The kernel's figures of CPU time are not known.",
        "Grey: not known.", "<td>95.0 %</td><td>5.0 %</td><td>100.0 %</td><td>–</td>",
        "<td>threads</td><td>–</td>"}) {
    INFO(text);
    CHECK_THAT(page, Catch::Contains(text));
  }
  CHECK_THAT(page, !Catch::Contains("id=\"split\""));
}

TEST_CASE("StatusHtml: all links are relative, so that a proxy may show the page below a path",
          "[status_html]") {
  const std::string page = to_html(busy_status());
  const std::regex link("(?:href|src)=\"([^\"]*)\"");
  std::vector<std::string> links;
  for (std::sregex_iterator each(page.begin(), page.end(), link), end; each != end; ++each) {
    links.push_back((*each)[1]);
  }
  CHECK(links.size() >= 4);
  for (const std::string& each : links) {
    CAPTURE(each);
    CHECK_FALSE(each.starts_with('/'));
    CHECK((each.starts_with("data:") || each.find(':') == std::string::npos));
  }
  for (const std::string_view asset : {assets::kPageCss, assets::kPageJs}) {
    for (const char* const absolute : {"\"/", "'/", "`/", "(/", "\"http"}) {
      CAPTURE(absolute);
      CHECK(asset.find(absolute) == std::string_view::npos);
    }
  }
}

TEST_CASE("StatusHtml: all names are escaped", "[status_html]") {
  const std::string hostile = "</td><script>\"'&{}{0}";
  const std::string as_text = "&lt;/td&gt;&lt;script&gt;&quot;&#39;&amp;{}{0}";
  Status status = busy_status();
  status.server.version = hostile;
  status.server.listen = {hostile};
  status.server.host = hostile;
  status.exchange.connections.at(0).client = hostile;
  status.exchange.connections.at(0).peer = hostile;
  for (net::ClientReport& each : status.clients.at(0)) {
    each.client = each.busiest.host = hostile;
    each.busiest.name = hostile;
  }
  topnet::proc::MonitorSnapshot host = *status.host;
  host.report.processes.at(0).name = hostile;
  host.report.accounting->exited_by_parent.at(0).name = hostile;
  host.report.hidden = hostile;
  status.host = std::make_shared<const topnet::proc::MonitorSnapshot>(host);
  const std::string page = to_html(status);
  CHECK_THAT(page, !Catch::Contains("<script>"));
  std::size_t shown = 0;
  for (auto at = page.find(as_text); at != std::string::npos; at = page.find(as_text, at + 1)) {
    ++shown;
  }
  CHECK(shown == 14);  // the host in the title and the version in the head, too
}
