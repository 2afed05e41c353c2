#include "net/clients/recent_reports.h"

#include "support/catch.h"
#include "support/sample_reports.h"

using namespace topnet::base;
using namespace topnet::net;
using topnet::test::sample_report;

namespace {

ClientReport report_of(const std::optional<std::string>& client,
                       const std::string& host = "web01") {
  ClientReport report = sample_report();
  report.client = client;
  report.busiest.host = host;
  return report;
}

}  // namespace

TEST_CASE("RecentReports: returns each client's newest reports, the last reporting client first",
          "[recent_reports]") {
  RecentReports recent({});
  std::vector<ClientReport> reports;
  for (const char* const client : {"db1", "db2", "db1", "db1", "db1", "db1"}) {
    reports.push_back(report_of(client));
    recent.add(reports.back());
  }
  CHECK(recent.clients() ==
        std::vector<ClientReports>{{reports[5], reports[4], reports[3], reports[2]}, {reports[1]}});
  CHECK(recent.newest().size() == 6);
}

TEST_CASE("RecentReports: tells clients without a name apart by their host", "[recent_reports]") {
  RecentReports recent({});
  const std::vector<ClientReport> reports{report_of(std::nullopt, "db1"),
                                          report_of(std::nullopt, "db2"), report_of("db1", "db2"),
                                          report_of(std::nullopt, "db1")};
  for (const ClientReport& each : reports) recent.add(each);
  CHECK(recent.clients() ==
        std::vector<ClientReports>{{reports[3], reports[0]}, {reports[2]}, {reports[1]}});
}

TEST_CASE("RecentReports: does not return reports beyond the limits, even if a client's last",
          "[recent_reports]") {
  SECTION("by number") {
    RecentReports recent({.max_count = 2});
    const std::vector<ClientReport> reports{report_of("db1"), report_of("db2"), report_of("db2")};
    for (const ClientReport& each : reports) recent.add(each);
    CHECK(recent.clients() == std::vector<ClientReports>{{reports[2], reports[1]}});
    CHECK(recent.newest() == std::vector{reports[2], reports[1]});
  }
  SECTION("by age") {
    RecentReports recent({.max_age = std::chrono::days(1)});
    ClientReport old = report_of("db1");
    old.time -= std::chrono::hours(25);
    recent.add(old);
    CHECK(recent.clients().empty());
    CHECK(recent.newest().empty());
  }
}

TEST_CASE("RecentReports: remembers the clients that reported last", "[recent_reports]") {
  RecentReports recent({});
  recent.add(report_of("first"));
  for (std::size_t i = 0; i < RecentReports::kMaxClients; ++i) {
    recent.add(report_of(std::to_string(i)));
  }
  const std::vector<ClientReports> clients = recent.clients();
  CHECK(clients.size() == RecentReports::kMaxClients);
  CHECK(clients.back().front().client == "0");
}
