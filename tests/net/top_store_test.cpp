#include "net/top_store.h"

#include <sys/resource.h>

#include <algorithm>
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
using topnet::test::write_file;

namespace {

namespace fs = std::filesystem;

// A store in a folder of its own, that can be closed and opened again.
struct Trial {
  topnet::test::TemporaryFolder root;
  PrivateFolder folder{root / "state"};
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

TEST_CASE("what was kept is shown, also by the next store, the newest first") {
  Trial trial;
  const std::vector<ReceivedTop> tops = made_up_tops(2);
  {
    TopStore store = trial.open();
    CHECK(store.newest().empty());
    CHECK(store.keep(tops[0]));
    CHECK(store.keep(tops[1]));
    CHECK_FALSE(store.keep(tops[0]));
    CHECK(store.newest() == std::vector{tops[1], tops[0]});
  }
  TopStore again = trial.open();
  CHECK(again.newest() == std::vector{tops[1], tops[0]});
  CHECK_FALSE(again.keep(tops[0]));
  CHECK(trial.said.empty());
}

TEST_CASE("no more are shown than are kept, nor older ones") {
  Trial trial;
  trial.limits = {.most = 2, .longest = std::chrono::days(1)};
  std::vector<ReceivedTop> tops = made_up_tops(4);
  tops[3].time -= std::chrono::hours(25);
  TopStore store = trial.open();
  for (const ReceivedTop& each : tops) CHECK(store.keep(each));
  CHECK(store.newest() == std::vector{tops[2]});
}

TEST_CASE("a hundred are shown") {
  Trial trial;
  const std::vector<ReceivedTop> tops = made_up_tops(LatestTops::kMost + 5);
  for (int round = 0; round < 2; ++round) {
    TopStore store = trial.open();
    for (const ReceivedTop& each : tops) store.keep(each);
    CHECK(store.newest().size() == LatestTops::kMost);
    CHECK(store.newest().front() == tops.back());
  }
}

TEST_CASE("any number of threads keep tops at the same time, each of them once") {
  constexpr std::size_t threads = 16;
  constexpr std::size_t each = 6;
  Trial trial;
  const std::vector<ReceivedTop> tops = made_up_tops(threads * each);
  std::atomic<std::size_t> kept = 0;
  {
    TopStore store = trial.open();
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
  for (const ReceivedTop& top : trial.open().newest()) ids.insert(top.top.id);
  CHECK(ids.size() == tops.size());
}

TEST_CASE("a file that cannot be relied on is set aside, and what is whole in it is taken over") {
  Trial trial;
  const std::vector<ReceivedTop> tops = made_up_tops(3);
  {
    TopStore store = trial.open();
    for (const ReceivedTop& top : tops) store.keep(top);
  }
  SqliteDatabase(trial.folder / "tops.db").execute("UPDATE tops SET peer = 'x' WHERE sequence = 2");
  CHECK(trial.open().newest() == std::vector{tops[2], tops[0]});
  REQUIRE(trial.said.size() == 1);
  CHECK_THAT(trial.said[0], Catch::Contains("tops.db cannot be relied on: it is damaged: a top is"
                                            " not as it was written; set aside as"
                                            " tops.db.unsound-1, and 2 of them taken over"));
  write_file(trial.folder / "tops.db", "these are no tops");
  CHECK(trial.open().newest().empty());
  CHECK_THAT(trial.said.back(), Catch::Contains("tops.db.unsound-2, and 0 of them taken over"));
  CHECK(topnet::test::read_file(trial.folder / "tops.db.unsound-2") == "these are no tops");
}

TEST_CASE("a file that is taken away while it is in use is made again, with what is shown") {
  Trial trial;
  const std::vector<ReceivedTop> tops = made_up_tops(3);
  {
    TopStore store = trial.open();
    store.keep(tops[0]);
    store.keep(tops[1]);
    fs::remove(trial.folder / "tops.db");
    CHECK(store.keep(tops[2]));
    CHECK(store.newest() == std::vector{tops[2], tops[1], tops[0]});
    REQUIRE(trial.said.size() == 1);
    CHECK_THAT(trial.said[0], Catch::Contains("it was removed or replaced while in use"));
  }
  CHECK(trial.open().newest() == std::vector{tops[2], tops[1], tops[0]});
}

TEST_CASE("a file that cannot be replaced yet stays what it is, and is replaced later") {
  Trial trial;
  const fs::path file = trial.folder / "tops.db";
  const std::vector<ReceivedTop> tops = made_up_tops(3);
  for (const bool is_gone : {false, true}) {
    CAPTURE(is_gone);
    for (const fs::path& each : TopTable::files_of(file)) fs::remove(each);
    {
      TopStore store = trial.open();
      store.keep(tops[0]);
      if (is_gone) {
        fs::remove(file);
      } else {
        fs::rename(file, trial.folder / "elsewhere");
        write_file(file, "these are no tops");
      }
      {
        const NoRoom no_room(0);
        CHECK_THROWS_AS(store.keep(tops[1]), FileError);
        CHECK_THROWS_AS(store.keep(tops[1]), FileError);
      }
      CHECK(topnet::test::read_file(file) == (is_gone ? "" : "these are no tops"));
      CHECK(store.newest() == std::vector{tops[0]});
      store.keep(tops[2]);  // What is left of the log may have it already.
      CHECK(store.newest() == std::vector{tops[2], tops[0]});
    }
    CHECK(trial.open().newest() == std::vector{tops[2], tops[0]});
  }
}

TEST_CASE("a replacement that was ended half way is finished, or begun again") {
  Trial trial;
  const fs::path file = trial.folder / "tops.db";
  const fs::path next = trial.folder / "tops.db.new";
  const std::vector<ReceivedTop> tops = made_up_tops(3);
  {
    TopStore store = trial.open();
    for (const ReceivedTop& top : tops) store.keep(top);
  }
  SECTION("before the unsound one was set aside") {
    SqliteDatabase(file).execute("UPDATE tops SET peer = 'x' WHERE sequence = 2");
    write_file(next, "half of it");
    CHECK(trial.open().newest() == std::vector{tops[2], tops[0]});
    CHECK(trial.said.size() == 1);
  }
  SECTION("between the two names") {
    fs::rename(file, next);
    write_file(trial.folder / "tops.db-wal", "the log of the unsound one");
    CHECK(trial.open().newest() == std::vector{tops[2], tops[1], tops[0]});
  }
  CHECK_FALSE(fs::exists(next));
  CHECK(trial.open().newest().size() >= 2);
}

TEST_CASE("what cannot be written is not kept, and there is room again later") {
  Trial trial;
  const std::vector<ReceivedTop> tops = made_up_tops(3);
  {
    TopStore store = trial.open();
    CHECK(store.keep(tops[0]));
    {
      const NoRoom no_room(4096);
      CHECK_THROWS_WITH(store.keep(tops[1]), Catch::Contains("could not write") &&
                                                 Catch::Contains("tops.db: File too large"));
    }
    CHECK(store.newest() == std::vector{tops[0]});
    CHECK(store.keep(tops[2]));
  }
  CHECK(trial.open().newest() == std::vector{tops[2], tops[0]});
  CHECK(trial.said.empty());
}

TEST_CASE("a store that cannot be opened says why") {
  Trial trial;
  const NoRoom no_room(0);
  CHECK_THROWS_AS(trial.open(), FileError);
}
