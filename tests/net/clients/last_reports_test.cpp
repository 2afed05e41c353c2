#include "net/clients/last_reports.h"

#include "support/catch.h"
#include "support/sample_reports.h"
#include "support/temporary_folder.h"

using namespace topnet::base;
using namespace topnet::net;
using namespace topnet::test;

namespace {

ClientReport last_report_of(const std::string& client, std::chrono::hours age = {}) {
  ClientReport report = sample_report();
  report.client = client;
  report.time -= age;
  return report;
}

EnrolledSince enrolled(const std::string& client, WallTime since = WallTime::min()) {
  return {{client, since}};
}

LastReport last(const ClientReport& report) { return {.time = report.time, .peer = report.peer}; }

}  // namespace

TEST_CASE("LastReports: remembers any number of clients across restarts", "[last_reports]") {
  const TemporaryFolder root;
  const StateDirectory state(root / "state");
  const ClientReport first = last_report_of("db1", std::chrono::hours(9000));
  EnrolledSince since = enrolled("db1");
  {
    LastReports reports(state);
    reports.record(first);
    for (int i = 0; i < 1500; ++i) {
      const std::string client = "web" + std::to_string(i);
      since[client] = WallTime::min();
      reports.record(last_report_of(client));
    }
    reports.save(since);
  }
  const LastReportsByClient found = LastReports(state).by_client(since);
  CHECK(found.size() == 1501);
  CHECK(found.at("db1") == last(first));
}

TEST_CASE("LastReports: the next report corrects a time in the future", "[last_reports]") {
  const TemporaryFolder root;
  LastReports reports(StateDirectory(root / "state"));
  reports.record(last_report_of("db1", -std::chrono::hours(9000)));
  const ClientReport next = last_report_of("db1");
  reports.record(next);
  CHECK(reports.by_client(enrolled("db1")).at("db1") == last(next));
}

TEST_CASE("LastReports: forgets a client that is no longer enrolled", "[last_reports]") {
  const TemporaryFolder root;
  const StateDirectory state(root / "state");
  LastReports reports(state);
  reports.record(last_report_of("db1"));
  ClientReport unnamed = last_report_of("");
  unnamed.client.reset();
  reports.record(unnamed);
  reports.save(enrolled("db1"));
  CHECK(LastReports(state).by_client(enrolled("db1")).size() == 1);
  CHECK(reports.by_client(enrolled("db2")).empty());
  reports.save(enrolled("db2"));
  CHECK(LastReports(state).by_client(enrolled("db1")).empty());
  CHECK(reports.by_client(enrolled("db1")).empty());
}

TEST_CASE("LastReports: a client does not inherit the report of an earlier one of its name",
          "[last_reports]") {
  const TemporaryFolder root;
  const StateDirectory state(root / "state");
  LastReports reports(state);
  const ClientReport old = last_report_of("db1", std::chrono::hours(1));
  reports.record(old);
  CHECK(reports.by_client(enrolled("db1", old.time)).size() == 1);
  const EnrolledSince anew = enrolled("db1", old.time + std::chrono::milliseconds(1));
  CHECK(reports.by_client(anew).empty());
  // The clock was ahead at the enrolment.
  CHECK(reports.by_client(enrolled("db1", now() + std::chrono::hours(1))).size() == 1);
  reports.save(anew);
  CHECK(reports.by_client(enrolled("db1")).empty());
  const ClientReport next = last_report_of("db1");
  reports.record(next);
  CHECK(reports.by_client(anew).at("db1") == last(next));
}

TEST_CASE("LastReports: writes the file only if it changes", "[last_reports]") {
  const TemporaryFolder root;
  const StateDirectory state(root / "state");
  LastReports reports(state);
  reports.save(enrolled("db1"));
  CHECK(state.version("last-reports") == topnet::base::FileVersion{});
  reports.record(last_report_of("db1"));
  reports.save(enrolled("db1"));
  const auto version = state.version("last-reports");
  reports.save(enrolled("db1"));
  CHECK(state.version("last-reports") == version);
}

TEST_CASE("LastReports: ignores lines that are not valid entries", "[last_reports]") {
  const TemporaryFolder root;
  const StateDirectory state(root / "state");
  state.write("last-reports",
              "# a comment\n\nd/1 2026-11-23T20:01:02.123Z a:1\ndb2 yesterday a:1\n"
              "db3 2026-11-23T20:01:02.123Z [::1]:2\n");
  const LastReportsByClient found = LastReports(state).by_client(
      {{"d/1", WallTime::min()}, {"db2", WallTime::min()}, {"db3", WallTime::min()}});
  REQUIRE(found.size() == 1);
  CHECK(found.at("db3").peer == "[::1]:2");
  CHECK(format_time(found.at("db3").time) == "2026-11-23T20:01:02.123Z");
}
