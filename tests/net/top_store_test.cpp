#include "net/top_store.h"

#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <set>
#include <thread>

#include "net/file_error.h"
#include "support/catch.h"
#include "support/made_up_tops.h"
#include "support/temporary_folder.h"

using namespace topnet::net;
using topnet::test::made_up_top;
using topnet::test::made_up_tops;
using topnet::test::read_file;
using topnet::test::write_file;

namespace {

namespace fs = std::filesystem;

// A store in a folder of its own that can be closed and opened again.
struct Fixture {
  topnet::test::TemporaryFolder root;
  PrivateFolder folder{root / "state"};
  fs::path file = folder / "tops.db";
  TopLimits limits;
  std::vector<std::string> said;

  TopStore open() {
    return {folder, "tops.db", limits, [this](const std::string& text) { said.push_back(text); }};
  }
};

// No file of this process can grow beyond so many bytes while it lives.
class NoRoom {
 public:
  explicit NoRoom(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit none{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &none);
  }
  NoRoom(NoRoom&&) = delete;
  ~NoRoom() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("TopStore: what was kept is shown, also by the next store", "[top_store]") {
  Fixture fixture;
  const std::vector<ReceivedTop> tops = made_up_tops(2);
  {
    TopStore store = fixture.open();
    CHECK(store.newest().empty());
    CHECK(store.keep(tops[0]));
    CHECK(store.keep(tops[1]));
    CHECK_FALSE(store.keep(tops[0]));
    CHECK(store.newest() == std::vector{tops[1], tops[0]});
  }
  TopStore again = fixture.open();
  CHECK(again.newest() == std::vector{tops[1], tops[0]});
  CHECK_FALSE(again.keep(tops[0]));
  CHECK(fixture.said.empty());
}

TEST_CASE("TopStore: shows no more than is kept, and nothing older", "[top_store]") {
  Fixture fixture;
  fixture.limits = {.most = 2, .longest = std::chrono::days(1)};
  std::vector<ReceivedTop> tops = made_up_tops(4);
  tops[3].time -= std::chrono::hours(25);
  TopStore store = fixture.open();
  for (const ReceivedTop& each : tops) CHECK(store.keep(each));
  CHECK(store.newest() == std::vector{tops[2]});
}

TEST_CASE("TopStore: any number of threads keep tops at once, each of them once", "[top_store]") {
  constexpr std::size_t threads = 16;
  constexpr std::size_t each = 6;
  Fixture fixture;
  const std::vector<ReceivedTop> tops = made_up_tops(threads * each);
  std::atomic<std::size_t> kept = 0;
  {
    TopStore store = fixture.open();
    std::vector<std::thread> running;
    for (std::size_t i = 0; i < threads; ++i) {
      running.emplace_back([&, i] {
        for (std::size_t k = 0; k < each; ++k) {
          if (store.keep(tops[i * each + k])) ++kept;
          if (store.keep(tops[(i * each + k + 1) % tops.size()])) ++kept;
        }
      });
    }
    for (std::thread& thread : running) thread.join();
  }
  CHECK(kept == tops.size());
  std::set<std::string> ids;
  for (const ReceivedTop& top : fixture.open().newest()) ids.insert(top.top.id);
  CHECK(ids.size() == tops.size());
}

TEST_CASE("TopStore: a corrupt database is renamed, and a new one is begun", "[top_store]") {
  Fixture fixture;
  write_file(fixture.file, "garbage");
  write_file(fixture.folder / "tops.db-wal", "its log");
  const ReceivedTop top = made_up_top();
  {
    TopStore store = fixture.open();
    CHECK(store.newest().empty());
    CHECK(fixture.said ==
          std::vector<std::string>{"the database " + fixture.file.native() +
                                   " cannot be used: file is not a database; renamed to"
                                   " tops.db.corrupt-1, starting a new one"});
    store.keep(top);
  }
  CHECK(fixture.open().newest() == std::vector{top});
  CHECK(read_file(fixture.folder / "tops.db.corrupt-1") == "garbage");
  CHECK(read_file(fixture.folder / "tops.db.corrupt-1-wal") == "its log");
}

TEST_CASE("TopStore: three corrupt databases are kept, the oldest goes", "[top_store]") {
  Fixture fixture;
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
  CHECK(fixture.said.size() == 5);
}

TEST_CASE("TopStore: a top that meets a damaged database is kept in the next one", "[top_store]") {
  Fixture fixture;
  const std::vector<ReceivedTop> tops = made_up_tops(3);
  fixture.open().keep(tops[0]);
  {
    TopStore store = fixture.open();
    const bool is_removed = GENERATE(false, true);
    if (is_removed) {
      fs::remove(fixture.file);
    } else {
      write_file(fixture.file, std::string(100000, '\x07'));
    }
    CHECK(store.keep(tops[1]));
    CHECK(store.keep(tops[2]));
    CHECK(store.newest() == std::vector{tops[2], tops[1], tops[0]});
    CHECK(fixture.said.size() == 1);
    CHECK(fs::exists(fixture.folder / "tops.db.corrupt-1") != is_removed);
  }
  CHECK(fixture.open().newest() == std::vector{tops[2], tops[1]});
}

TEST_CASE("TopStore: one that cannot be replaced yet is renamed once, and replaced later",
          "[top_store]") {
  Fixture fixture;
  const std::vector<ReceivedTop> tops = made_up_tops(2);
  fixture.open();
  TopStore store = fixture.open();
  write_file(fixture.file, "garbage");
  {
    const NoRoom no_room(0);
    CHECK_THROWS_AS(store.keep(tops[0]), FileError);
    CHECK_THROWS_AS(store.keep(tops[0]), FileError);
  }
  CHECK(store.newest().empty());
  CHECK(store.keep(tops[1]));
  CHECK(fixture.said.size() == 1);
}

TEST_CASE("TopStore: a database of a newer version is left alone", "[top_store]") {
  Fixture fixture;
  fixture.open();
  SqliteDatabase(fixture.file).execute("PRAGMA user_version = 3");
  CHECK_THROWS_AS(fixture.open(), FileError);
  CHECK(fixture.said.empty());
}

TEST_CASE("TopStore: what cannot be written is not kept, and there is room again later",
          "[top_store]") {
  Fixture fixture;
  const std::vector<ReceivedTop> tops = made_up_tops(3);
  {
    TopStore store = fixture.open();
    CHECK(store.keep(tops[0]));
    {
      const NoRoom no_room(4096);
      CHECK_THROWS_WITH(store.keep(tops[1]), Catch::Contains("could not write") &&
                                                 Catch::Contains("tops.db: File too large"));
    }
    CHECK(store.newest() == std::vector{tops[0]});
    CHECK(store.keep(tops[2]));
  }
  CHECK(fixture.open().newest() == std::vector{tops[2], tops[0]});
  CHECK(fixture.said.empty());
}

TEST_CASE("TopStore: one that cannot be created says why, and leaves no file", "[top_store]") {
  Fixture fixture;
  const NoRoom no_room(0);
  CHECK_THROWS_AS(fixture.open(), FileError);
  CHECK_FALSE(fs::exists(fixture.file));
}
