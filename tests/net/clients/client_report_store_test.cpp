#include "net/clients/client_report_store.h"

#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <set>
#include <thread>

#include "base/files/file_error.h"
#include "support/catch.h"
#include "support/sample_reports.h"
#include "support/temporary_folder.h"

using namespace topnet::base;
using namespace topnet::net;
using namespace topnet::test;

namespace {

namespace fs = std::filesystem;

// A store in a temporary folder that can be reopened.
struct ReportStoreFixture {
  TemporaryFolder root;
  StateDirectory folder{root / "state"};
  fs::path file = folder / "tops.db";
  ReportLimits limits;
  std::vector<std::string> log;

  ClientReportStore open() {
    return {folder, "tops.db", limits, [this](const std::string& text) { log.push_back(text); }};
  }
};

// Limits the size of the files that this process writes, during its lifetime.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(FileSizeLimit&&) = delete;
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("ClientReportStore: returns kept reports, also after it is reopened",
          "[client_report_store]") {
  ReportStoreFixture fixture;
  const std::vector<ClientReport> reports = sample_reports(2);
  {
    ClientReportStore store = fixture.open();
    CHECK(store.newest().empty());
    CHECK(store.keep(reports[0]));
    CHECK(store.keep(reports[1]));
    CHECK_FALSE(store.keep(reports[0]));
    CHECK(store.newest() == std::vector{reports[1], reports[0]});
  }
  ClientReportStore again = fixture.open();
  CHECK(again.newest() == std::vector{reports[1], reports[0]});
  CHECK_FALSE(again.keep(reports[0]));
  CHECK(fixture.log.empty());
}

TEST_CASE("ClientReportStore: X5: an id that another client sends again is not stored",
          "[client_report_store]") {
  ReportStoreFixture fixture;
  std::vector<ClientReport> reports = sample_reports(2);
  reports[1].client = "another";
  reports[1].busiest.id = reports[0].busiest.id;
  ClientReportStore store = fixture.open();
  CHECK(store.keep(reports[0]));
  CHECK_FALSE(store.keep(reports[1]));
  CHECK(store.newest() == std::vector{reports[0]});
}

TEST_CASE("ClientReportStore: does not return reports beyond the limits", "[client_report_store]") {
  ReportStoreFixture fixture;
  fixture.limits = {.max_count = 2, .max_age = std::chrono::days(1)};
  std::vector<ClientReport> reports = sample_reports(4);
  reports[3].time -= std::chrono::hours(25);
  ClientReportStore store = fixture.open();
  for (const ClientReport& each : reports) CHECK(store.keep(each));
  CHECK(store.newest() == std::vector{reports[2]});
}

TEST_CASE("ClientReportStore: concurrent threads keep each report exactly once",
          "[client_report_store]") {
  constexpr std::size_t threads = 16;
  constexpr std::size_t each = 6;
  ReportStoreFixture fixture;
  const std::vector<ClientReport> reports = sample_reports(threads * each);
  std::atomic<std::size_t> kept = 0;
  {
    ClientReportStore store = fixture.open();
    std::vector<std::thread> running;
    for (std::size_t i = 0; i < threads; ++i) {
      running.emplace_back([&, i] {
        for (std::size_t k = 0; k < each; ++k) {
          if (store.keep(reports[i * each + k])) ++kept;
          if (store.keep(reports[(i * each + k + 1) % reports.size()])) ++kept;
        }
      });
    }
    for (std::thread& thread : running) thread.join();
  }
  CHECK(kept == reports.size());
  std::set<std::string> ids;
  for (const ClientReport& report : fixture.open().newest()) ids.insert(report.busiest.id);
  CHECK(ids.size() == reports.size());
}

TEST_CASE("ClientReportStore: renames a corrupt database and starts a new one",
          "[client_report_store]") {
  ReportStoreFixture fixture;
  write_file(fixture.file, "garbage");
  write_file(fixture.folder / "tops.db-wal", "its log");
  const ClientReport report = sample_report();
  {
    ClientReportStore store = fixture.open();
    CHECK(store.newest().empty());
    CHECK(fixture.log ==
          std::vector<std::string>{"the database " + fixture.file.native() +
                                   " cannot be used: file is not a database; renamed to"
                                   " tops.db.corrupt-1, starting a new one"});
    store.keep(report);
  }
  CHECK(fixture.open().newest() == std::vector{report});
  CHECK(read_file(fixture.folder / "tops.db.corrupt-1") == "garbage");
  CHECK(read_file(fixture.folder / "tops.db.corrupt-1-wal") == "its log");
}

TEST_CASE("ClientReportStore: keeps the newest three corrupt databases", "[client_report_store]") {
  ReportStoreFixture fixture;
  for (int i = 0; i < 5; ++i) {
    write_file(fixture.file, "garbage");
    write_file(fixture.folder / "tops.db-wal", "its log");
    fixture.open();
  }
  for (const std::string number : {"1", "2", "3", "4", "5"}) {
    const bool is_kept = number > "2";
    CHECK(fs::exists(fixture.folder / ("tops.db.corrupt-" + number)) == is_kept);
    CHECK(fs::exists(fixture.folder / ("tops.db.corrupt-" + number + "-wal")) == is_kept);
  }
  CHECK(fixture.log.size() == 5);
}

TEST_CASE("ClientReportStore: a report that finds the database damaged is kept in the next one",
          "[client_report_store]") {
  ReportStoreFixture fixture;
  const std::vector<ClientReport> reports = sample_reports(3);
  fixture.open().keep(reports[0]);
  {
    ClientReportStore store = fixture.open();
    const bool is_removed = GENERATE(false, true);
    if (is_removed) {
      fs::remove(fixture.file);
    } else {
      write_file(fixture.file, std::string(100000, '\x07'));
    }
    CHECK(store.keep(reports[1]));
    CHECK(store.keep(reports[2]));
    CHECK(store.newest() == std::vector{reports[2], reports[1], reports[0]});
    CHECK(fixture.log.size() == 1);
    CHECK(fs::exists(fixture.folder / "tops.db.corrupt-1") != is_removed);
    CHECK_THAT(fixture.log.at(0),
               Catch::Contains(is_removed ? "; renamed to tops.db.corrupt-1-wal, starting"
                                          : "; renamed to tops.db.corrupt-1, starting"));
  }
  CHECK(fixture.open().newest() == std::vector{reports[2], reports[1]});
}

TEST_CASE("ClientReportStore: a corrupt database that cannot be replaced yet is renamed once",
          "[client_report_store]") {
  ReportStoreFixture fixture;
  const std::vector<ClientReport> reports = sample_reports(2);
  fixture.open();
  ClientReportStore store = fixture.open();
  write_file(fixture.file, "garbage");
  {
    const FileSizeLimit limit(0);
    CHECK_THROWS_AS(store.keep(reports[0]), FileError);
    CHECK_THROWS_AS(store.keep(reports[0]), FileError);
  }
  CHECK(store.newest().empty());
  CHECK(store.keep(reports[1]));
  CHECK(fixture.log.size() == 1);
}

TEST_CASE("ClientReportStore: does not change a database of a newer version",
          "[client_report_store]") {
  ReportStoreFixture fixture;
  fixture.open();
  SqliteDatabase(fixture.file).execute("PRAGMA user_version = 3");
  CHECK_THROWS_AS(fixture.open(), FileError);
  CHECK(fixture.log.empty());
}

TEST_CASE("ClientReportStore: continues after a failed write when there is space again",
          "[client_report_store]") {
  ReportStoreFixture fixture;
  const std::vector<ClientReport> reports = sample_reports(3);
  {
    ClientReportStore store = fixture.open();
    CHECK(store.keep(reports[0]));
    {
      const FileSizeLimit limit(4096);
      CHECK_THROWS_WITH(store.keep(reports[1]), Catch::Contains("could not write") &&
                                                    Catch::Contains("tops.db: File too large"));
    }
    CHECK(store.newest() == std::vector{reports[0]});
    CHECK(store.keep(reports[2]));
  }
  CHECK(fixture.open().newest() == std::vector{reports[2], reports[0]});
  CHECK(fixture.log.empty());
}

TEST_CASE("ClientReportStore: a failure to create the database leaves no file",
          "[client_report_store]") {
  ReportStoreFixture fixture;
  const FileSizeLimit limit(0);
  CHECK_THROWS_AS(fixture.open(), FileError);
  CHECK_FALSE(fs::exists(fixture.file));
}
