#include "net/clients/client_report_db.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "base/files/file_error.h"
#include "support/catch.h"
#include "support/random.h"
#include "support/sample_reports.h"
#include "support/temporary_folder.h"

using namespace topnet::base;
using namespace topnet::net;
using namespace topnet::test;

namespace {

namespace fs = std::filesystem;

const std::string kName = "tops.db";

// A closed database in a temporary folder.
struct ClosedDatabase {
  explicit ClosedDatabase(const std::vector<ClientReport>& reports = {}) {
    ClientReportDb(folder, kName).add(reports, {});
  }

  std::vector<ClientReport> newest() const {
    return ClientReportDb(folder, kName).read_recent({}).newest();
  }
  fs::path path() const { return folder / kName; }

  std::int64_t count() const {
    SqliteDatabase database(path());
    SqliteStatement statement(database, "SELECT count(*) FROM tops");
    REQUIRE(statement.step());
    return statement.integer(0);
  }

  TemporaryFolder root;
  StateDirectory folder{root / "state"};
};

// How many bytes this process has read since it started.
std::uint64_t bytes_read() {
  std::istringstream lines(read_file("/proc/self/io"));
  std::string label;
  std::uint64_t number = 0;
  lines >> label >> number;
  REQUIRE(label == "rchar:");
  return number;
}

}  // namespace

TEST_CASE("ClientReportDb: returns reports as they were added, newest first",
          "[client_report_db]") {
  std::vector<ClientReport> reports = sample_reports(3);
  reports[0].client.reset();
  reports[0].busiest.host.reset();
  reports[1].busiest.name = R"(\x1b[31m"'; DROP TABLE tops; -- ü)";
  reports[1].busiest.window = std::chrono::milliseconds(1500);
  reports[2].busiest.user_ticks = std::uint64_t{1} << 62U;
  const ClosedDatabase file(reports);
  std::reverse(reports.begin(), reports.end());
  CHECK(file.newest() == reports);
  struct stat status {};
  REQUIRE(::stat(file.path().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600U);
}

TEST_CASE("ClientReportDb: does not add a report whose id is known", "[client_report_db]") {
  const std::vector<ClientReport> reports = sample_reports(2);
  const ClosedDatabase file(reports);
  ClientReport other = sample_report();
  other.busiest.id = reports[0].busiest.id;
  const std::vector<ClientReport> more{reports[1], other, sample_report()};
  CHECK(ClientReportDb(file.folder, kName).add(more, {}) == std::vector{false, false, true});
  CHECK(file.newest() == std::vector{more[2], reports[1], reports[0]});
}

TEST_CASE("ClientReportDb: deletes the oldest reports beyond the maximum count",
          "[client_report_db]") {
  const std::vector<ClientReport> reports = sample_reports(10);
  const ClosedDatabase file(reports);
  ClientReportDb(file.folder, kName).add({}, {.max_count = 4});
  CHECK(file.newest() == std::vector{reports[9], reports[8], reports[7], reports[6]});
  const ClientReport next = sample_report();
  CHECK(ClientReportDb(file.folder, kName).add({&next, 1}, {.max_count = 2}) == std::vector{true});
  CHECK(file.newest() == std::vector{next, reports[9]});
}

TEST_CASE("ClientReportDb: a write deletes a bounded number of reports", "[client_report_db]") {
  const ClosedDatabase file(sample_reports(2500));
  for (const std::int64_t left : {1500, 500, 1}) {
    ClientReportDb(file.folder, kName).add({}, {.max_count = 1});
    CHECK(file.count() == left);
  }
}

TEST_CASE("ClientReportDb: deletes reports beyond the maximum age, the oldest first",
          "[client_report_db]") {
  std::vector<ClientReport> reports = sample_reports(3);
  reports[0].time -= std::chrono::hours(49);
  reports[1].time -= std::chrono::hours(46);
  const ClosedDatabase file(reports);
  ClockReadings now;
  ClientReportDb database(file.folder, kName);
  const auto left_after = [&](std::chrono::minutes passed) {
    now = {.wall = now.wall + passed, .steady = now.steady + passed};
    database.add({}, {.max_age = std::chrono::days(2)}, now);
    return database.read_recent({}).newest().size();
  };
  CHECK(left_after(std::chrono::minutes(0)) == 3);
  CHECK(left_after(std::chrono::minutes(59)) == 3);
  CHECK(left_after(std::chrono::minutes(1)) == 2);
  CHECK(left_after(std::chrono::minutes(61)) == 1);
  CHECK(left_after(std::chrono::hours(46)) == 0);
}

TEST_CASE("ClientReportDb: a clock that is wrong for less than an hour deletes no report",
          "[client_report_db]") {
  const ClosedDatabase file(sample_reports(2));
  ClockReadings now;
  std::optional<ClientReportDb> database;
  const auto reports_after = [&](std::chrono::minutes passed, std::chrono::hours wrong_by) {
    now = {.wall = now.wall + passed, .steady = now.steady + passed};
    ClientReport report = sample_report();
    report.time = now.wall + wrong_by;
    database->add({&report, 1}, {.max_age = std::chrono::days(2)},
                  {.wall = report.time, .steady = now.steady});
    return database->read_recent({.max_age = std::chrono::days(1000)}).newest().size();
  };
  constexpr std::chrono::hours kRight{0};
  const std::chrono::hours wrong = std::chrono::days(GENERATE(365, -365));
  database.emplace(file.folder, kName);
  CHECK(reports_after(std::chrono::minutes(0), kRight) == 3);
  CHECK(reports_after(std::chrono::minutes(60), kRight) == 4);
  CHECK(reports_after(std::chrono::minutes(1), wrong) == 5);
  CHECK(reports_after(std::chrono::minutes(59), wrong) == 6);
  CHECK(reports_after(std::chrono::minutes(1), kRight) == 7);
  CHECK(reports_after(std::chrono::minutes(60), kRight) == 8);
  database.reset();
  database.emplace(file.folder, kName);
  CHECK(reports_after(std::chrono::minutes(0), wrong) == 9);
  CHECK(reports_after(std::chrono::minutes(59), wrong) == 10);
  CHECK(reports_after(std::chrono::minutes(1), kRight) == 11);
  // The reports with a wrong time expire with the next one that has a right time.
  CHECK(reports_after(std::chrono::hours(49), kRight) == 1);
}

TEST_CASE("ClientReportDb: reads the recent reports of clients that reported long ago",
          "[client_report_db]") {
  Random random(1);
  RecentReports expected({});
  std::vector<ClientReport> reports = sample_reports(6000);
  for (std::size_t i = 0; i < reports.size(); ++i) {
    // First more clients than are remembered, then clients that report often or rarely.
    const std::string name = i < 1500 ? fmt::format("old{}", i)
                                      : fmt::format("db{}", random.below(1 + random.below(400)));
    if (random.one_in(4)) {
      reports[i].client.reset();
    } else {
      reports[i].client = name;
    }
    reports[i].busiest.host = name;
    expected.add(reports[i]);
  }
  const ClosedDatabase file(reports);
  const RecentReports recent = ClientReportDb(file.folder, kName).read_recent({});
  CHECK(recent.newest() == expected.newest());
  CHECK(recent.clients() == expected.clients());
}

TEST_CASE("ClientReportDb: the cost of opening does not depend on the size", "[client_report_db]") {
  const ClosedDatabase file(sample_reports(100));
  SqliteDatabase(file.path())
      .execute(
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
          " INSERT INTO tops SELECT NULL, 'id' || i, received_ms, client_key, client, peer, top"
          " FROM n, (SELECT * FROM tops LIMIT 1)");
  REQUIRE(fs::file_size(file.path()) > 16 * 1024 * 1024);
  const std::uint64_t before = bytes_read();
  CHECK(file.newest().size() == RecentReports::kMaxReports);
  CHECK(bytes_read() - before < 1024 * 1024);
}

TEST_CASE("ClientReportDb: anything but a current database of topnet is corrupt",
          "[client_report_db]") {
  struct Case {
    std::string error;
    std::function<void(const fs::path&)> damage;
  };
  const auto execute = [](const std::string& sql) {
    return [sql](const fs::path& file) { SqliteDatabase(file).execute(sql); };
  };
  const auto [error, damage] = GENERATE_COPY(values<Case>({
      {"it is empty", [](const fs::path& file) { write_file(file, ""); }},
      {"file is not a database", [](const fs::path& file) { write_file(file, "garbage"); }},
      {"database disk image is malformed",
       [](const fs::path& file) { fs::resize_file(file, fs::file_size(file) / 2); }},
      {"it belongs to another program", execute("PRAGMA application_id = 7")},
      {"it has version 1 of its format, and this topnet uses version 2",
       execute("PRAGMA user_version = 1")},
      {"no such table: clients", execute("DROP TABLE clients")},
      {"tops.db is not a regular file",
       [](const fs::path& file) {
         fs::rename(file, file.parent_path() / "elsewhere");
         fs::create_symlink("elsewhere", file);
       }},
      {"tops.db-wal is not a regular file",
       [](const fs::path& file) {
         REQUIRE(::mkfifo((file.native() + "-wal").c_str(), 0600) == 0);
       }},
  }));
  const ClosedDatabase file(sample_reports(1));
  damage(file.path());
  CHECK_THROWS_AS(file.newest(), CorruptDatabaseError);
  CHECK_THROWS_WITH(file.newest(), error);
}

TEST_CASE("ClientReportDb: the error for a newer version names both versions",
          "[client_report_db]") {
  const ClosedDatabase file;
  SqliteDatabase(file.path()).execute("PRAGMA user_version = 3");
  CHECK_THROWS_AS(file.newest(), FileError);
  CHECK_THROWS_WITH(file.newest(), Catch::Contains("it has version 3 of its format, and this topnet"
                                                   " knows version 2"));
}

TEST_CASE("ClientReportDb: checks for damage after an unclean shutdown only",
          "[client_report_db]") {
  constexpr std::streamoff kPage = 4096;
  const ClosedDatabase file(sample_reports(1000));
  const ClosedDatabase copy;
  {
    ClientReportDb in_use(file.folder, kName);
    const ClientReport report = sample_report();
    in_use.add({&report, 1}, {});
    fs::copy_file(file.path(), copy.path(), fs::copy_options::overwrite_existing);
    fs::copy_file(file.path().native() + "-wal", copy.path().native() + "-wal");
  }
  // The middle holds reports that read_recent() does not read.
  std::string damaged = read_file(copy.path());
  damaged.replace(damaged.size() / 2 / kPage * kPage, kPage, std::string(kPage, '\x07'));
  write_file(copy.path(), damaged);
  SECTION("unclean") { CHECK_THROWS_AS(copy.newest(), CorruptDatabaseError); }
  SECTION("clean") {
    fs::remove(copy.path().native() + "-wal");
    CHECK(copy.newest().size() == RecentReports::kMaxReports);
  }
}

TEST_CASE("ClientReportDb: notices damage and removal while in use", "[client_report_db]") {
  const ClosedDatabase file(sample_reports(1));
  ClientReportDb database(file.folder, kName);
  REQUIRE(database.read_recent({}).newest().size() == 1);
  SECTION("removed") { fs::remove(file.path()); }
  SECTION("replaced") {
    fs::copy_file(file.path(), file.folder / "copy");
    fs::rename(file.folder / "copy", file.path());
  }
  SECTION("overwritten") { write_file(file.path(), std::string(100000, '\x07')); }
  SECTION("emptied") { write_file(file.path(), ""); }
  const ClientReport report = sample_report();
  CHECK_THROWS_AS(database.add({&report, 1}, {}), CorruptDatabaseError);
}
