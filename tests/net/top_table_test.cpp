#include "net/top_table.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <sstream>

#include "net/file_error.h"
#include "support/catch.h"
#include "support/dice.h"
#include "support/made_up_tops.h"
#include "support/temporary_folder.h"

using namespace topnet::net;
using topnet::test::made_up_top;
using topnet::test::made_up_tops;
using topnet::test::read_file;
using topnet::test::write_file;

namespace {

namespace fs = std::filesystem;

const std::string kName = "tops.db";

// A database in a folder of its own that is closed at the moment.
struct File {
  explicit File(const std::vector<ReceivedTop>& tops = {}) {
    TopTable(folder, kName).add(tops, {});
  }

  std::vector<ReceivedTop> newest() const { return TopTable(folder, kName).latest({}).newest(); }
  fs::path path() const { return folder / kName; }

  std::int64_t count() const {
    SqliteDatabase database(path());
    SqliteStatement statement(database, "SELECT count(*) FROM tops");
    REQUIRE(statement.step());
    return statement.integer(0);
  }

  topnet::test::TemporaryFolder root;
  PrivateFolder folder{root / "state"};
};

// How many bytes this process has read so far.
std::uint64_t bytes_read() {
  std::istringstream lines(read_file("/proc/self/io"));
  std::string word;
  std::uint64_t number = 0;
  lines >> word >> number;
  REQUIRE(word == "rchar:");
  return number;
}

}  // namespace

TEST_CASE("TopTable: what was added is read as it was, the newest first", "[top_table]") {
  std::vector<ReceivedTop> tops = made_up_tops(3);
  tops[0].client.reset();
  tops[0].top.host.reset();
  tops[1].top.name = R"(\x1b[31m"'; DROP TABLE tops; -- ü)";
  tops[1].top.window = std::chrono::milliseconds(1500);
  tops[2].top.user_ticks = std::uint64_t{1} << 62U;
  const File file(tops);
  std::reverse(tops.begin(), tops.end());
  CHECK(file.newest() == tops);
  struct stat status {};
  REQUIRE(::stat(file.path().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600U);
}

TEST_CASE("TopTable: a top whose id is known is not added", "[top_table]") {
  const std::vector<ReceivedTop> tops = made_up_tops(2);
  const File file(tops);
  ReceivedTop other = made_up_top();
  other.top.id = tops[0].top.id;
  const std::vector<ReceivedTop> more{tops[1], other, made_up_top()};
  CHECK(TopTable(file.folder, kName).add(more, {}) == std::vector{false, false, true});
  CHECK(file.newest() == std::vector{more[2], tops[1], tops[0]});
}

TEST_CASE("TopTable: the oldest are deleted beyond the limit on their number", "[top_table]") {
  const std::vector<ReceivedTop> tops = made_up_tops(10);
  const File file(tops);
  TopTable(file.folder, kName).add({}, {.most = 4});
  CHECK(file.newest() == std::vector{tops[9], tops[8], tops[7], tops[6]});
  const ReceivedTop next = made_up_top();
  CHECK(TopTable(file.folder, kName).add({&next, 1}, {.most = 2}) == std::vector{true});
  CHECK(file.newest() == std::vector{next, tops[9]});
}

TEST_CASE("TopTable: a write deletes a bounded number of tops", "[top_table]") {
  const File file(made_up_tops(2500));
  for (const std::int64_t left : {1500, 500, 1}) {
    TopTable(file.folder, kName).add({}, {.most = 1});
    CHECK(file.count() == left);
  }
}

TEST_CASE("TopTable: tops beyond the limit on their age are deleted, in any order", "[top_table]") {
  std::vector<ReceivedTop> tops = made_up_tops(3);
  tops[2].time -= std::chrono::hours(49);
  const File file(tops);
  TopTable(file.folder, kName).add({}, {.longest = std::chrono::days(3)});
  CHECK(file.count() == 3);
  TopTable table(file.folder, kName);
  table.add({}, {.longest = std::chrono::days(2)});
  CHECK(table.latest({}).clients() == std::vector<ClientTops>{{tops[1], tops[0]}});
}

TEST_CASE("TopTable: reads what is shown of clients that reported long ago", "[top_table]") {
  topnet::test::Dice dice(1);
  LatestTops expected({});
  std::vector<ReceivedTop> tops = made_up_tops(6000);
  for (std::size_t i = 0; i < tops.size(); ++i) {
    // At first some that are too many to be remembered; then some report often, and others hardly
    // ever.
    const std::string name =
        i < 1500 ? fmt::format("old{}", i) : fmt::format("db{}", dice.below(1 + dice.below(400)));
    if (dice.below(4) == 0) {
      tops[i].client.reset();
    } else {
      tops[i].client = name;
    }
    tops[i].top.host = name;
    expected.add(tops[i]);
  }
  const File file(tops);
  const LatestTops latest = TopTable(file.folder, kName).latest({});
  CHECK(latest.newest() == expected.newest());
  CHECK(latest.clients() == expected.clients());
  CHECK(latest.heard() == expected.heard());
}

TEST_CASE("TopTable: opening costs the same however much is in it", "[top_table]") {
  const File file(made_up_tops(100));
  SqliteDatabase(file.path())
      .execute(
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
          " INSERT INTO tops SELECT NULL, 'id' || i, received_ms, client_key, client, peer, top"
          " FROM n, (SELECT * FROM tops LIMIT 1)");
  REQUIRE(fs::file_size(file.path()) > 16 * 1024 * 1024);
  const std::uint64_t before = bytes_read();
  CHECK(file.newest().size() == LatestTops::kMost);
  CHECK(bytes_read() - before < 1024 * 1024);
}

TEST_CASE("TopTable: what is no database of topnet's is corrupt", "[top_table]") {
  const auto [why, spoil] = GENERATE(
      table<std::string,
            std::function<void(const fs::path&)>>({{"it is empty",
                                                    [](const fs::path& file) {
                                                      write_file(file, "");
                                                    }},
                                                   {"file is not a database",
                                                    [](const fs::path&
                                                           file) { write_file(file, "garbage"); }},
                                                   {"database disk image is malformed",
                                                    [](const fs::path& file) {
                                                      fs::resize_file(file,
                                                                      fs::file_size(file) / 2);
                                                    }},
                                                   {"it belongs to another program",
                                                    [](const fs::path& file) {
                                                      SqliteDatabase(file).execute(
                                                          "PRAGMA application_id = 7");
                                                    }},
                                                   {"it has version 1 of its format, and this "
                                                    "topnet uses version 2",
                                                    [](const fs::path& file) {
                                                      SqliteDatabase(file).execute(
                                                          "PRAGMA user_version = 1");
                                                    }},
                                                   {"no such table: clients",
                                                    [](const fs::path& file) {
                                                      SqliteDatabase(file).execute(
                                                          "DROP TABLE clients");
                                                    }},
                                                   {"tops.db is not a regular file",
                                                    [](const fs::path& file) {
                                                      fs::rename(file,
                                                                 file.parent_path() / "elsewhere");
                                                      fs::create_symlink("elsewhere", file);
                                                    }},
                                                   {"tops.db-wal is not a regular file",
                                                    [](const fs::path& file) {
                                                      REQUIRE(
                                                          ::mkfifo((file.native() + "-wal").c_str(),
                                                                   0600) == 0);
                                                    }}}));
  const File file(made_up_tops(1));
  spoil(file.path());
  CHECK_THROWS_AS(file.newest(), CorruptDatabaseError);
  CHECK_THROWS_WITH(file.newest(), why);
}

TEST_CASE("TopTable: one of a newer version is refused, and both versions are named",
          "[top_table]") {
  const File file;
  SqliteDatabase(file.path()).execute("PRAGMA user_version = 3");
  CHECK_THROWS_AS(file.newest(), FileError);
  CHECK_THROWS_WITH(file.newest(), Catch::Contains("it has version 3 of its format, and this topnet"
                                                   " knows version 2"));
}

TEST_CASE("TopTable: is searched for damage after an unclean end only", "[top_table]") {
  constexpr std::streamoff kPage = 4096;
  const File file(made_up_tops(1000));
  const File copy;
  {
    TopTable in_use(file.folder, kName);
    const ReceivedTop top = made_up_top();
    in_use.add({&top, 1}, {});
    fs::copy_file(file.path(), copy.path(), fs::copy_options::overwrite_existing);
    fs::copy_file(file.path().native() + "-wal", copy.path().native() + "-wal");
  }
  // In the middle are tops that are not shown.
  std::string damaged = read_file(copy.path());
  damaged.replace(damaged.size() / 2 / kPage * kPage, kPage, std::string(kPage, '\x07'));
  write_file(copy.path(), damaged);
  SECTION("unclean") { CHECK_THROWS_AS(copy.newest(), CorruptDatabaseError); }
  SECTION("clean") {
    fs::remove(copy.path().native() + "-wal");
    CHECK(copy.newest().size() == LatestTops::kMost);
  }
}

TEST_CASE("TopTable: damage and removal are noticed while it is in use", "[top_table]") {
  const File file(made_up_tops(1));
  TopTable table(file.folder, kName);
  REQUIRE(table.latest({}).newest().size() == 1);
  SECTION("removed") { fs::remove(file.path()); }
  SECTION("replaced") {
    fs::copy_file(file.path(), file.folder / "copy");
    fs::rename(file.folder / "copy", file.path());
  }
  SECTION("overwritten") { write_file(file.path(), std::string(100000, '\x07')); }
  SECTION("emptied") { write_file(file.path(), ""); }
  const ReceivedTop top = made_up_top();
  CHECK_THROWS_AS(table.add({&top, 1}, {}), CorruptDatabaseError);
}
