#include "net/top_table.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "net/file_error.h"
#include "net/sha256.h"

namespace topnet::net {
namespace {

namespace fs = std::filesystem;

// Says whose database it is, and the version of its form, in the file's header.
constexpr std::int64_t kApplicationId = 0x746f706e;  // "topn"
constexpr std::int64_t kVersion = 1;

// `top` is the JSON of topnet-protocol(7), M7. SQLite has no checksums: `digest` is one of the
// rest.
constexpr const char* kColumns = "sequence, id, received_ms, client, peer, top, digest";

const std::string kNewDatabase = fmt::format(
    "CREATE TABLE tops (sequence INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    " received_ms INTEGER NOT NULL, client TEXT, peer TEXT NOT NULL, top TEXT NOT NULL,"
    " digest TEXT NOT NULL);"
    "CREATE INDEX tops_by_age ON tops (received_ms);"
    "PRAGMA application_id = {};"
    "PRAGMA user_version = {}",
    kApplicationId, kVersion);

// FULL: a commit returns once its bytes are on the disk. EXCLUSIVE: no memory is shared with other
// processes, for which there would be one more file. MEMORY: nothing is written elsewhere.
constexpr const char* kSettings =
    "PRAGMA locking_mode = EXCLUSIVE;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA cache_size = -512;"
    "PRAGMA trusted_schema = OFF";

// So many tops in a row that cannot be read are the end of what can be, unless it is known.
constexpr std::int64_t kMostUnread = 100000;

std::int64_t milliseconds_of(proc::WallTime time) { return time.time_since_epoch().count(); }

std::string digest_of_row(std::int64_t sequence, const ReceivedTop& received,
                          const std::string& top) {
  return digest_of(fmt::format("{}\n{}\n{}\n{}\n{}", sequence, milliseconds_of(received.time),
                               received.client.value_or("-"), received.peer, top));
}

std::int64_t number(SqliteDatabase& database, std::string_view question) {
  SqliteStatement statement(database, question);
  return statement.step() ? statement.integer(0) : 0;
}

// The row that `rows`, of kColumns, stands at; nullopt where it is not what was written.
std::optional<ReceivedTop> read_row(const SqliteStatement& rows) {
  ReceivedTop received{.time = proc::WallTime(std::chrono::milliseconds(rows.integer(2))),
                       .client = rows.text(3),
                       .peer = rows.text(4).value_or(""),
                       .top = {}};
  const std::string top = rows.text(5).value_or("");
  if (rows.text(6) != digest_of_row(rows.integer(0), received, top)) return std::nullopt;
  try {
    received.top = parse_top(top);
  } catch (const ProtocolError&) {
    return std::nullopt;
  }
  if (rows.text(1) != received.top.id) return std::nullopt;
  return received;
}

std::optional<struct stat> look_at(const fs::path& file) {
  struct stat status {};
  if (::lstat(file.c_str(), &status) == 0) return status;
  if (errno == ENOENT) return std::nullopt;
  throw FileError("open", file, errno);
}

// Makes the file where there is none. A symbolic link is not followed, and what is no file is not
// opened at all: it could be something to wait for.
std::pair<dev_t, ino_t> make_sure_of(const PrivateFolder& folder, const std::string& name) {
  const std::vector<fs::path> files = TopTable::files_of(folder / name);
  std::vector<std::optional<struct stat>> found;
  for (const fs::path& file : files) {
    found.push_back(look_at(file));
    if (found.back() && !S_ISREG(found.back()->st_mode)) {
      throw UnsoundError(file.filename().string() + " is no regular file");
    }
  }
  if (found[0] && found[0]->st_size == 0) throw UnsoundError("it is empty");
  if (!found[0]) {
    if (found[1]) throw UnsoundError("it is gone, and its log is there");
    folder.open(name);
    found[0] = look_at(files[0]);
  }
  if (!found[0]) throw UnsoundError("it is gone again");
  return {found[0]->st_dev, found[0]->st_ino};
}

}  // namespace

std::vector<fs::path> TopTable::files_of(const fs::path& file) {
  std::vector<fs::path> files{file};
  for (const char* const suffix : {"-wal", "-journal", "-shm"}) {
    files.push_back(file);
    files.back() += suffix;
  }
  return files;
}

TopTable::TopTable(const PrivateFolder& folder, const std::string& name, const Look& look)
    : file_(folder / name), id_(make_sure_of(folder, name)), database_(file_) {
  try {
    prepare();
    check_contents(look);
    insert_.emplace(database_, fmt::format("INSERT INTO tops ({}) VALUES"
                                           " (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
                                           kColumns));
    drop_old_.emplace(database_, "DELETE FROM tops WHERE received_ms < ?");
    drop_surplus_.emplace(database_,
                          "DELETE FROM tops WHERE sequence IN"
                          " (SELECT sequence FROM tops ORDER BY sequence LIMIT ?)");
  } catch (const SqliteError& error) {
    if (error.is_about_contents() || error.is_about_form()) throw UnsoundError(error.what());
    throw;
  }
}

void TopTable::prepare() {
  database_.execute(kSettings);
  const std::int64_t owner = number(database_, "PRAGMA application_id");
  const std::int64_t version = number(database_, "PRAGMA user_version");
  const bool is_new = owner == 0 && number(database_, "SELECT count(*) FROM sqlite_schema") == 0;
  if (!is_new && owner != kApplicationId) throw UnsoundError("it is another program's");
  if (version > kVersion) throw UnsoundError("it is of a newer version of topnet");
  if (SqliteStatement log(database_, "PRAGMA journal_mode = WAL");
      !log.step() || log.text(0) != "wal") {
    throw UnsoundError("it cannot have a log beside it");
  }
  if (!is_new) return;
  SqliteTransaction transaction(database_);
  database_.execute(kNewDatabase);
  transaction.commit();
}

void TopTable::check_contents(const Look& look) {
  SqliteStatement check(database_, "PRAGMA integrity_check(1)");
  if (!check.step() || check.text(0) != "ok") {
    throw UnsoundError("it is damaged: " + check.text(0).value_or("no answer"));
  }
  SqliteStatement rows(database_, fmt::format("SELECT {} FROM tops ORDER BY sequence", kColumns));
  for (; rows.step(); ++count_) {
    const auto top = read_row(rows);
    if (!top) throw UnsoundError("it is damaged: a top is not as it was written");
    look(*top);
    last_ = rows.integer(0);
  }
}

std::vector<bool> TopTable::add(std::span<const ReceivedTop> tops, const TopLimits& limits) {
  std::vector<bool> is_new;
  is_new.reserve(tops.size());
  std::int64_t count = count_;
  std::int64_t last = last_;
  try {
    SqliteTransaction transaction(database_);
    for (const ReceivedTop& each : tops) {
      const std::string top = to_json(each.top);
      insert_
          ->bind(last + 1, each.top.id, milliseconds_of(each.time), each.client, each.peer, top,
                 digest_of_row(last + 1, each, top))
          .run();
      is_new.push_back(database_.changes() > 0);
      if (!is_new.back()) continue;
      ++count;
      ++last;
    }
    count -= let_go(limits, count);
    transaction.commit();
  } catch (const SqliteError& error) {
    if (error.is_about_contents()) throw UnsoundError(error.what());
    // A log that was a FIFO when it was opened can never be written, also when that is gone.
    check_in_place();
    throw;
  }
  count_ = count;
  last_ = last;
  check_in_place();
  return is_new;
}

std::int64_t TopTable::let_go(const TopLimits& limits, std::int64_t count) {
  drop_old_->bind(milliseconds_of(proc::now() - limits.longest)).run();
  const std::int64_t gone = database_.changes();
  const std::int64_t surplus = count - gone - static_cast<std::int64_t>(limits.most);
  if (surplus <= 0) return gone;
  drop_surplus_->bind(surplus).run();
  return gone + database_.changes();
}

// SQLite goes on writing into a file that has been removed.
void TopTable::check_in_place() {
  const auto is_there = [](const fs::path& file, std::optional<FileId>& id) {
    const auto status = look_at(file);
    if (!status) return false;
    const FileId found{status->st_dev, status->st_ino};
    if (!id) id = found;
    return id == found;
  };
  std::optional<FileId> id = id_;
  if (!is_there(file_, id) || !is_there(files_of(file_).at(1), log_id_)) {
    throw UnsoundError("it was removed or replaced while in use");
  }
}

void TopTable::checkpoint() { database_.execute("PRAGMA wal_checkpoint(TRUNCATE)"); }

TopTable::Salvage::Salvage(const fs::path& file) {
  // SQLite would read whatever stands in their places.
  for (const fs::path& each : files_of(file)) {
    const auto status = look_at(each);
    if (status && !S_ISREG(status->st_mode)) return;
  }
  if (!look_at(file)) return;
  try {
    database_.emplace(file);
    database_->execute("PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = MEMORY");
    look_at_index();
    begin();
  } catch (const SqliteError& error) {
    if (!error.is_about_contents() && !error.is_about_form()) throw;
    rows_.reset();
  }
}

// Which numbers there are stands in the index, too: should the first page be the damaged one, where
// to go on cannot be told from the table.
void TopTable::Salvage::look_at_index() {
  try {
    SqliteStatement ends(*database_,
                         "SELECT min(sequence), max(sequence) FROM tops INDEXED BY tops_by_age");
    if (!ends.step()) return;
    next_ = ends.integer(0);
    last_ = ends.integer(1);
  } catch (const SqliteError& error) {
    if (!error.is_about_contents()) throw;
  }
}

void TopTable::Salvage::begin() {
  rows_.emplace(*database_, fmt::format("SELECT {} FROM tops WHERE sequence >= ?"
                                        " ORDER BY sequence",
                                        kColumns));
  rows_->bind(next_);
}

std::optional<ReceivedTop> TopTable::Salvage::next() {
  while (rows_) {
    try {
      while (rows_->step()) {
        auto top = read_row(*rows_);
        if (!top) continue;
        next_ = rows_->integer(0) + 1;  // as its digest says, it is as it was written
        unread_ = 0;
        return top;
      }
      rows_.reset();
    } catch (const SqliteError& error) {
      if (!error.is_about_contents()) throw;
      // The disk may be able to read it the second time. Behind the damaged page, wherever that
      // ends, there may be more.
      rows_.reset();
      if (++unread_ % 2 == 0) ++next_;
      if (next_ <= last_ && unread_ < 2 * kMostUnread) begin();
    }
  }
  return std::nullopt;
}

}  // namespace topnet::net
