#include "net/top_table.h"

#include <fmt/format.h>

#include <filesystem>

#include "net/file_error.h"
#include "net/quarantine.h"

namespace topnet::net {
namespace {

namespace fs = std::filesystem;

// Says whose database it is, and the version of its form, in the file's header.
constexpr std::int64_t kApplicationId = 0x746f706e;  // "topn"
constexpr std::int64_t kVersion = 2;

// `top` is the JSON of topnet-protocol(7), M7. `clients` has the newest top of each client, so that
// the clients that reported last are found without reading `tops`.
const std::string kNewDatabase = fmt::format(
    "CREATE TABLE tops (sequence INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    " received_ms INTEGER NOT NULL, client_key TEXT NOT NULL, client TEXT, peer TEXT NOT NULL,"
    " top TEXT NOT NULL);"
    "CREATE INDEX tops_by_age ON tops (received_ms);"
    "CREATE INDEX tops_by_client ON tops (client_key);"
    "CREATE TABLE clients (client_key TEXT PRIMARY KEY, newest INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX clients_by_newest ON clients (newest);"
    "CREATE TRIGGER top_added AFTER INSERT ON tops BEGIN"
    " INSERT INTO clients VALUES (new.client_key, new.sequence)"
    " ON CONFLICT (client_key) DO UPDATE SET newest = excluded.newest;"
    " END;"
    "CREATE TRIGGER top_deleted AFTER DELETE ON tops BEGIN"
    " UPDATE clients SET newest ="
    " ifnull((SELECT max(sequence) FROM tops WHERE client_key = old.client_key), 0)"
    " WHERE newest = old.sequence;"
    " DELETE FROM clients WHERE newest = 0;"
    " END;"
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

constexpr std::chrono::milliseconds kLongestCheck{200};
// So many more tops than were added are deleted at most, so that no client waits long for that.
constexpr std::size_t kMostPruned = 1000;

const std::string kInsert =
    "INSERT INTO tops (id, received_ms, client_key, client, peer, top) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (id) DO NOTHING";

const std::string kPrune =
    "DELETE FROM tops WHERE sequence IN (SELECT sequence FROM tops WHERE received_ms < ?"
    " OR sequence <= (SELECT max(sequence) FROM tops) - ? LIMIT ?)";

const std::string kLatest = fmt::format(
    "SELECT sequence, received_ms, client, peer, top FROM tops WHERE sequence IN ("
    "SELECT sequence FROM (SELECT sequence FROM tops ORDER BY sequence DESC LIMIT {})"
    " UNION "
    "SELECT sequence FROM (SELECT client_key AS key FROM clients ORDER BY newest DESC LIMIT {})"
    " CROSS JOIN tops ON sequence IN"
    " (SELECT sequence FROM tops WHERE client_key = key ORDER BY sequence DESC LIMIT {})"
    ") ORDER BY sequence",
    LatestTops::kMost, LatestTops::kMostClients, LatestTops::kMostOfClient);

std::int64_t milliseconds_of(proc::WallTime time) { return time.time_since_epoch().count(); }

std::int64_t number(SqliteDatabase& database, std::string_view question) {
  SqliteStatement statement(database, question);
  return statement.step() ? statement.integer(0) : 0;
}

// Creates the file if it is missing; its owner alone can read it. A symbolic link is not followed,
// and a FIFO or a device is not opened at all: that could block.
fs::path find_or_create(const PrivateFolder& folder, const std::string& name) {
  for (const fs::path& file : database_files(folder / name)) {
    const fs::file_status status = fs::symlink_status(file);
    if (fs::exists(status) && !fs::is_regular_file(status)) {
      throw CorruptDatabaseError(file.filename().string() + " is not a regular file");
    }
  }
  fs::path file = folder / name;
  if (!fs::exists(file)) {
    folder.open(name);
  } else if (fs::file_size(file) == 0) {
    throw CorruptDatabaseError("it is empty");
  }
  return file;
}

void check_version(const fs::path& file, std::int64_t version) {
  if (version < kVersion) {
    throw CorruptDatabaseError(fmt::format(
        "it has version {} of its format, and this topnet uses version {}", version, kVersion));
  }
  if (version > kVersion) {
    throw FileError("open", file,
                    fmt::format("it has version {} of its format, and this topnet knows version {};"
                                " use a newer topnet, or move the file away",
                                version, kVersion));
  }
}

ReceivedTop read_row(const SqliteStatement& row) {
  try {
    return {.time = proc::WallTime(std::chrono::milliseconds(row.integer(1))),
            .client = row.text(2),
            .peer = row.text(3).value_or(""),
            .top = parse_top(row.text(4).value_or(""))};
  } catch (const ProtocolError& error) {
    throw CorruptDatabaseError(
        fmt::format("row {} cannot be read: {}", row.integer(0), error.what()));
  }
}

}  // namespace

TopTable::TopTable(const PrivateFolder& folder, const std::string& name)
    : folder_(folder),
      name_(name),
      database_(find_or_create(folder, name)),
      inode_(folder.version(name).inode) {
  // A corrupt one is kept with its log.
  database_.set_checkpoint_on_close(false);
  // Closing removes the log: a server that left one was killed.
  const bool was_killed = fs::exists(folder / (name + "-wal"));
  prepare();
  if (was_killed) database_.quick_check(kLongestCheck);
  database_.set_checkpoint_on_close(true);
}

void TopTable::prepare() {
  database_.execute(kSettings);
  const std::int64_t owner = number(database_, "PRAGMA application_id");
  const bool is_new = owner == 0 && number(database_, "SELECT count(*) FROM sqlite_schema") == 0;
  if (!is_new) {
    if (owner != kApplicationId) throw CorruptDatabaseError("it belongs to another program");
    check_version(folder_ / name_, number(database_, "PRAGMA user_version"));
  }
  if (SqliteStatement log(database_, "PRAGMA journal_mode = WAL");
      !log.step() || log.text(0) != "wal") {
    throw FileError("open", folder_ / name_, "SQLite cannot keep a log beside it");
  }
  if (!is_new) return;
  SqliteTransaction transaction(database_);
  database_.execute(kNewDatabase);
  transaction.commit();
}

LatestTops TopTable::latest(const TopLimits& limits) {
  LatestTops latest(limits);
  SqliteStatement rows(database_, kLatest);
  while (rows.step()) latest.add(read_row(rows), static_cast<std::uint64_t>(rows.integer(0)));
  return latest;
}

std::vector<bool> TopTable::add(std::span<const ReceivedTop> tops, const TopLimits& limits) {
  // What is overwritten in the file would not be seen in pages that are in memory.
  database_.execute("PRAGMA shrink_memory");
  std::vector<bool> is_new;
  SqliteTransaction transaction(database_);
  SqliteStatement insert(database_, kInsert);
  for (const ReceivedTop& each : tops) {
    insert
        .bind(each.top.id, milliseconds_of(each.time), client_key(each), each.client, each.peer,
              to_json(each.top))
        .run();
    is_new.push_back(database_.changes() > 0);
  }
  SqliteStatement(database_, kPrune)
      .bind(milliseconds_of(proc::now() - limits.longest), static_cast<std::int64_t>(limits.most),
            static_cast<std::int64_t>(tops.size() + kMostPruned))
      .run();
  transaction.commit();
  // SQLite goes on writing into a file that has been removed.
  if (folder_.version(name_).inode != inode_) {
    throw CorruptDatabaseError("it was removed or replaced while in use");
  }
  return is_new;
}

}  // namespace topnet::net
