#include "net/top_table.h"

#include <sys/stat.h>

#include <fstream>
#include <random>

#include "net/file_error.h"
#include "net/sha256.h"
#include "support/catch.h"
#include "support/dice.h"
#include "support/made_up_tops.h"
#include "support/temporary_folder.h"

using namespace topnet::net;
using topnet::test::Dice;
using topnet::test::made_up_top;
using topnet::test::made_up_tops;
using topnet::test::read_file;
using topnet::test::write_file;

namespace {

namespace fs = std::filesystem;

const std::string kName = "tops.db";

// A file of tops in a folder of its own, which nobody uses at the moment.
struct File {
  explicit File(const std::vector<ReceivedTop>& tops) {
    if (!tops.empty()) TopTable(folder, kName).add(tops, {});
  }

  std::vector<ReceivedTop> newest() const {
    std::vector<ReceivedTop> tops;
    const TopTable table(folder, kName, [&](const ReceivedTop& top) { tops.push_back(top); });
    std::reverse(tops.begin(), tops.end());
    return tops;
  }
  fs::path path() const { return folder / kName; }

  topnet::test::TemporaryFolder root;
  PrivateFolder folder{root / "state"};
};

std::vector<ReceivedTop> reversed(std::vector<ReceivedTop> tops) {
  std::reverse(tops.begin(), tops.end());
  return tops;
}

std::string why_unsound(const File& file) {
  try {
    file.newest();
  } catch (const UnsoundError& error) {
    return error.what();
  }
  return "sound";
}

// Lets the numbers begin so much later, with digests that fit.
void renumber(const File& file, std::int64_t by) {
  SqliteDatabase database(file.path());
  std::vector<std::pair<std::int64_t, std::string>> rows;
  SqliteStatement all(database, "SELECT sequence, received_ms, client, peer, top FROM tops");
  while (all.step()) {
    rows.emplace_back(
        all.integer(0),
        digest_of(std::to_string(all.integer(0) + by) + '\n' + std::to_string(all.integer(1)) +
                  '\n' + all.text(2).value_or("-") + '\n' + *all.text(3) + '\n' + *all.text(4)));
  }
  for (const auto& [sequence, digest] : rows) {
    SqliteStatement(database, "UPDATE tops SET sequence = ?, digest = ? WHERE sequence = ?")
        .bind(sequence + by, digest, sequence)
        .run();
  }
}

std::vector<ReceivedTop> salvage(const File& file) {
  TopTable::Salvage source(file.path());
  std::vector<ReceivedTop> salvaged;
  while (auto top = source.next()) salvaged.push_back(*top);
  return salvaged;
}

}  // namespace

TEST_CASE("tops are there as they were added when the file is opened again, the newest first") {
  const File file({});
  std::vector<ReceivedTop> tops = made_up_tops(3);
  tops[0].client.reset();
  tops[0].top.host.reset();
  tops[1].top.name = R"(\x1b[31m"'; DROP TABLE tops; -- ü)";
  tops[1].top.window = std::chrono::milliseconds(1500);
  tops[2].top.user_ticks = std::uint64_t{1} << 62U;
  {
    TopTable table(file.folder, kName);
    CHECK(table.add(tops, {}) == std::vector{true, true, true});
  }
  CHECK(file.newest() == reversed(tops));
  struct stat status {};
  REQUIRE(::stat(file.path().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600U);
}

TEST_CASE("a top whose id is there already is not added again") {
  const std::vector<ReceivedTop> tops = made_up_tops(2);
  const File file(tops);
  ReceivedTop other = made_up_top();
  other.top.id = tops[0].top.id;
  const std::vector<ReceivedTop> more{tops[1], other, made_up_top()};
  CHECK(TopTable(file.folder, kName).add(more, {}) == std::vector{false, false, true});
  CHECK(file.newest() == std::vector{more[2], tops[1], tops[0]});
}

TEST_CASE("the oldest are let go beyond so many") {
  const std::vector<ReceivedTop> tops = made_up_tops(10);
  const File file(tops);
  TopTable(file.folder, kName).add({}, {.most = 4});
  CHECK(file.newest() == std::vector{tops[9], tops[8], tops[7], tops[6]});
  const ReceivedTop next = made_up_top();
  CHECK(TopTable(file.folder, kName).add({&next, 1}, {.most = 2}) == std::vector{true});
  CHECK(file.newest() == std::vector{next, tops[9]});
}

TEST_CASE("those that are older are let go, wherever they stand") {
  std::vector<ReceivedTop> tops = made_up_tops(3);
  tops[1].time -= std::chrono::hours(49);
  const File file(tops);
  TopTable(file.folder, kName).add({}, {.longest = std::chrono::days(3)});
  CHECK(file.newest().size() == 3);
  TopTable(file.folder, kName).add({}, {.longest = std::chrono::days(2)});
  CHECK(file.newest() == std::vector{tops[2], tops[0]});
}

TEST_CASE("a file that is cut at any byte of its last page is told from a sound one") {
  const std::vector<ReceivedTop> tops = made_up_tops(30);
  const File file(tops);
  const std::string whole = read_file(file.path());
  REQUIRE(whole.size() % 4096 == 0);
  for (std::size_t cut = 0; cut <= 4096; cut += 1) {
    CAPTURE(cut);
    write_file(file.path(), whole.substr(0, whole.size() - cut));
    const std::string why = why_unsound(file);
    CHECK((why == "sound") == (cut == 0));
  }
}

TEST_CASE("a file with a bit flipped anywhere is told from a sound one, or holds what it held") {
  const std::vector<ReceivedTop> tops = made_up_tops(30);
  const File file(tops);
  const std::string whole = read_file(file.path());
  std::mt19937 dice(1);
  std::size_t told = 0;
  for (std::size_t at = 0; at < whole.size(); at += 1 + dice() % 40) {
    CAPTURE(at);
    std::string broken = whole;
    broken[at] = static_cast<char>(static_cast<unsigned char>(broken[at]) ^ (1U << dice() % 8U));
    write_file(file.path(), broken);
    for (const fs::path& each : TopTable::files_of(file.path())) {
      if (each != file.path()) fs::remove(each);
    }
    if (why_unsound(file) == "sound") {
      CHECK(file.newest() == reversed(tops));
    } else {
      ++told;
    }
  }
  CHECK(told > 100);
}

TEST_CASE("what is not a file of ours is told") {
  const File file(made_up_tops(1));
  SECTION("empty") {
    write_file(file.path(), "");
    CHECK(why_unsound(file) == "it is empty");
  }
  SECTION("text") {
    write_file(file.path(), "these are no tops");
    CHECK(why_unsound(file) == "file is not a database");
  }
  SECTION("another program's") {
    SqliteDatabase(file.path()).execute("PRAGMA application_id = 7");
    CHECK(why_unsound(file) == "it is another program's");
  }
  SECTION("from a newer version") {
    SqliteDatabase(file.path()).execute("PRAGMA user_version = 2");
    CHECK(why_unsound(file) == "it is of a newer version of topnet");
  }
  SECTION("without its table") {
    SqliteDatabase(file.path()).execute("DROP TABLE tops");
    CHECK(why_unsound(file) == "no such table: tops");
  }
  SECTION("gone, with changes beside it") {
    fs::rename(file.path(), file.folder / "tops.db-wal");
    CHECK(why_unsound(file) == "it is gone, and its log is there");
  }
  SECTION("a symbolic link") {
    fs::rename(file.path(), file.folder / "elsewhere");
    fs::create_symlink("elsewhere", file.path());
    CHECK(why_unsound(file) == "tops.db is no regular file");
  }
  SECTION("a FIFO in the place of what belongs to it") {
    REQUIRE(::mkfifo((file.folder / "tops.db-wal").c_str(), 0600) == 0);
    CHECK(why_unsound(file) == "tops.db-wal is no regular file");
  }
}

TEST_CASE("a top that was changed is told, though the database is sound") {
  const File file(made_up_tops(2));
  for (const char* const change : {"client = 'db2'", "peer = 'x'", "received_ms = received_ms + 1",
                                   "id = 'x'", "top = replace(top, '812', '813')"}) {
    CAPTURE(change);
    const std::string sound = read_file(file.path());
    SqliteDatabase(file.path())
        .execute(std::string("UPDATE tops SET ") + change + " WHERE sequence = 1");
    CHECK(why_unsound(file) == "it is damaged: a top is not as it was written");
    write_file(file.path(), sound);
  }
  CHECK(file.newest().size() == 2);
}

TEST_CASE("a file that is taken away while it is in use is told, and nothing counts as added") {
  for (const std::string suffix : {"", "-wal"}) {
    CAPTURE(suffix);
    const File file(made_up_tops(1));
    TopTable table(file.folder, kName);
    const ReceivedTop top = made_up_top();
    table.add({&top, 1}, {});
    fs::rename(file.path().native() + suffix, file.folder / "elsewhere");
    const ReceivedTop next = made_up_top();
    CHECK_THROWS_AS(table.add({&next, 1}, {}), UnsoundError);
  }
}

TEST_CASE("what can still be read of a damaged file is salvaged") {
  const std::vector<ReceivedTop> tops = made_up_tops(100);
  const File file(tops);
  SqliteDatabase(file.path()).execute("UPDATE tops SET peer = 'x' WHERE sequence = 7");
  std::vector<ReceivedTop> expected = tops;
  expected.erase(expected.begin() + 6);
  CHECK(salvage(file) == expected);

  write_file(file.path(), "these are no tops");
  CHECK(salvage(file).empty());
}

TEST_CASE("of a file with a damaged page everything is salvaged that is on other pages") {
  constexpr std::size_t kPage = 4096;
  const std::vector<ReceivedTop> tops = made_up_tops(200);
  const File file(tops);
  // As of a server that has let a million go.
  if (GENERATE(false, true)) renumber(file, 1000000);
  const std::string sound = read_file(file.path());
  std::size_t most = 0;
  int roots = 0;
  for (std::size_t page = 1; page < sound.size() / kPage; ++page) {
    CAPTURE(page);
    std::string damaged = sound;
    damaged.replace(page * kPage, kPage, std::string(kPage, '\x07'));
    write_file(file.path(), damaged);
    const std::vector<ReceivedTop> salvaged = salvage(file);
    // In their order, and none that was never there.
    auto at = tops.begin();
    for (const ReceivedTop& each : salvaged) {
      at = std::find(at, tops.end(), each);
      REQUIRE(at != tops.end());
      ++at;
    }
    if (salvaged.empty()) {  // the root, which leads to all others
      ++roots;
      continue;
    }
    CHECK(salvaged.size() >= 180);
    most = std::max(most, tops.size() - salvaged.size());
  }
  CHECK(most > 0);
  CHECK(roots <= 1);
}

TEST_CASE("a file that is damaged in any way is salvaged or is not, and that is no failure") {
  const std::vector<ReceivedTop> tops = made_up_tops(200);
  const File file(tops);
  const std::string sound = read_file(file.path());
  for (std::uint32_t seed = 1; seed <= 400; ++seed) {
    CAPTURE(seed);
    Dice dice(seed);
    std::string damaged = sound;
    for (std::uint64_t i = 0; i <= dice.below(20); ++i) {
      damaged.at(100 + dice.below(damaged.size() - 100)) = static_cast<char>(dice.below(256));
    }
    write_file(file.path(), damaged);
    for (const ReceivedTop& each : salvage(file)) {
      REQUIRE(std::find(tops.begin(), tops.end(), each) != tops.end());
    }
  }
}
