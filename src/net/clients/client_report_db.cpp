#include "net/clients/client_report_db.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/files/file_error.h"
#include "base/files/quarantine.h"

namespace topnet::net {
namespace {

namespace fs = std::filesystem;

// In the file's header: the program that owns the database, and the version of its schema.
constexpr std::int64_t kApplicationId = 0x746f706e;  // "topn"
constexpr std::int64_t kVersion = 2;

// `top` is the JSON of topnet-protocol(7), M7. `clients` holds the newest row of each client, so
// that the clients that reported last are found without reading all of `tops`.
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

// synchronous: a commit returns once its bytes are on disk. locking_mode: avoids the -shm file,
// which processes that share the database need. temp_store: avoids temporary files.
constexpr const char* kSettings =
    "PRAGMA locking_mode = EXCLUSIVE;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA temp_store = MEMORY;"
    "PRAGMA cache_size = -512;"
    "PRAGMA trusted_schema = OFF";

constexpr std::chrono::milliseconds kMaxCheckTime{200};
// How many more reports than were added may be deleted at a time, which bounds the client's wait.
constexpr std::size_t kMaxExtraPruned = 1000;
// How often expired reports are looked for. After the clock has been ahead, this reads many rows.
constexpr std::chrono::minutes kExpiryInterval{1};
// A clock that is set by more than that between two readings has to be confirmed anew.
constexpr std::chrono::minutes kMaxClockDrift{1};
constexpr std::chrono::hours kConfirmationTime{1};

const std::string kInsert =
    "INSERT INTO tops (id, received_ms, client_key, client, peer, top) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (id) DO NOTHING";

const std::string kPrune =
    "DELETE FROM tops WHERE sequence IN (SELECT sequence FROM tops WHERE sequence <="
    " max(?, (SELECT max(sequence) FROM tops) - ?) LIMIT ?)";

const std::string kRecent = fmt::format(
    "SELECT sequence, received_ms, client, peer, top FROM tops WHERE sequence IN ("
    "SELECT sequence FROM (SELECT sequence FROM tops ORDER BY sequence DESC LIMIT {})"
    " UNION "
    "SELECT sequence FROM (SELECT client_key AS key FROM clients ORDER BY newest DESC LIMIT {})"
    " CROSS JOIN tops ON sequence IN"
    " (SELECT sequence FROM tops WHERE client_key = key ORDER BY sequence DESC LIMIT {})"
    ") ORDER BY sequence",
    RecentReports::kMaxReports, RecentReports::kMaxClients, RecentReports::kMaxReportsPerClient);

std::int64_t milliseconds_of(base::WallTime time) { return time.time_since_epoch().count(); }

std::int64_t query_number(base::SqliteDatabase& database, std::string_view query) {
  base::SqliteStatement statement(database, query);
  return statement.step() ? statement.integer(0) : 0;
}

// Creates the file, readable by its owner only, if it is missing. Refuses symbolic links, and FIFOs
// and devices because opening them could block.
fs::path find_or_create(const base::StateDirectory& folder, const std::string& name) {
  for (const fs::path& file : base::database_files(folder / name)) {
    const fs::file_status status = fs::symlink_status(file);
    if (fs::exists(status) && !fs::is_regular_file(status)) {
      throw base::CorruptDatabaseError(file.filename().string() + " is not a regular file");
    }
  }
  fs::path file = folder / name;
  if (!fs::exists(file)) {
    folder.open(name);
  } else if (fs::file_size(file) == 0) {
    throw base::CorruptDatabaseError("it is empty");
  }
  return file;
}

void check_version(const fs::path& file, std::int64_t version) {
  if (version < kVersion) {
    throw base::CorruptDatabaseError(fmt::format(
        "it has version {} of its format, and this topnet uses version {}", version, kVersion));
  }
  if (version > kVersion) {
    throw base::FileError(
        "open", file,
        fmt::format("it has version {} of its format, and this topnet knows version {};"
                    " use a newer topnet, or move the file away",
                    version, kVersion));
  }
}

ClientReport read_row(const base::SqliteStatement& row) {
  try {
    return {.time = base::WallTime(std::chrono::milliseconds(row.integer(1))),
            .client = row.text(2),
            .peer = row.text(3).value_or(""),
            .busiest = parse_busiest(row.text(4).value_or(""))};
  } catch (const ProtocolError& error) {
    throw base::CorruptDatabaseError(
        fmt::format("row {} cannot be read: {}", row.integer(0), error.what()));
  }
}

}  // namespace

ClientReportDb::ClientReportDb(const base::StateDirectory& folder, const std::string& name)
    : folder_(folder),
      name_(name),
      database_(find_or_create(folder, name)),
      inode_(folder.version(name).inode) {
  // If the database turns out to be corrupt, its log is quarantined with it.
  database_.set_checkpoint_on_close(false);
  // A clean close removes the log.
  const bool was_killed = fs::exists(folder / (name + "-wal"));
  prepare();
  if (was_killed) database_.quick_check(kMaxCheckTime);
  database_.set_checkpoint_on_close(true);
}

void ClientReportDb::prepare() {
  database_.execute(kSettings);
  const std::int64_t owner = query_number(database_, "PRAGMA application_id");
  const bool is_new =
      owner == 0 && query_number(database_, "SELECT count(*) FROM sqlite_schema") == 0;
  if (!is_new) {
    if (owner != kApplicationId) throw base::CorruptDatabaseError("it belongs to another program");
    check_version(folder_ / name_, query_number(database_, "PRAGMA user_version"));
  }
  if (base::SqliteStatement log(database_, "PRAGMA journal_mode = WAL");
      !log.step() || log.text(0) != "wal") {
    throw base::FileError("open", folder_ / name_, "SQLite cannot keep a log beside it");
  }
  if (!is_new) return;
  base::SqliteTransaction transaction(database_);
  database_.execute(kNewDatabase);
  transaction.commit();
}

RecentReports ClientReportDb::read_recent(const ReportLimits& limits) {
  RecentReports recent(limits);
  base::SqliteStatement rows(database_, kRecent);
  while (rows.step()) recent.add(read_row(rows), static_cast<std::uint64_t>(rows.integer(0)));
  return recent;
}

// Whether the wall clock has agreed with the steady clock for long enough.
bool ClientReportDb::is_confirmed(const ClockReadings& now) {
  const auto offset = now.wall.time_since_epoch() - now.steady.time_since_epoch();
  const bool was_set = !clock_offset_ || abs(offset - *clock_offset_) > kMaxClockDrift;
  if (was_set) clock_set_ = now.steady;
  clock_offset_ = offset;
  return now.steady - clock_set_ >= kConfirmationTime;
}

// Returns the sequence number up to which reports have expired; 0 if none or if it is too early to
// look again.
std::int64_t ClientReportDb::last_expired(const ReportLimits& limits, const ClockReadings& now) {
  if (!is_confirmed(now)) return 0;
  if (!may_have_expired_ && now.steady - last_expiry_ < kExpiryInterval) return 0;
  last_expiry_ = now.steady;
  std::int64_t last = 0;
  base::SqliteStatement rows(database_, "SELECT sequence, received_ms FROM tops ORDER BY sequence");
  while (rows.step()) {
    const base::WallTime received{std::chrono::milliseconds(rows.integer(1))};
    // The clock was ahead when the report arrived. It expires with the reports after it.
    if (received > now.wall) continue;
    if (received >= now.wall - limits.max_age) break;
    last = rows.integer(0);
  }
  return last;
}

std::vector<bool> ClientReportDb::add(std::span<const ClientReport> reports,
                                      const ReportLimits& limits, const ClockReadings& now) {
  // Drops cached pages, so that damage to the file is noticed.
  database_.execute("PRAGMA shrink_memory");
  std::vector<bool> is_new;
  base::SqliteTransaction transaction(database_);
  base::SqliteStatement insert(database_, kInsert);
  for (const ClientReport& each : reports) {
    insert
        .bind(each.busiest.id, milliseconds_of(each.time), client_key(each), each.client, each.peer,
              to_json(each.busiest))
        .run();
    is_new.push_back(database_.changes() > 0);
  }
  const auto max_pruned = static_cast<std::int64_t>(reports.size() + kMaxExtraPruned);
  base::SqliteStatement(database_, kPrune)
      .bind(last_expired(limits, now), static_cast<std::int64_t>(limits.max_count), max_pruned)
      .run();
  may_have_expired_ = database_.changes() == max_pruned;
  transaction.commit();
  // SQLite keeps writing to a removed file without an error.
  if (folder_.version(name_).inode != inode_) {
    throw base::CorruptDatabaseError("it was removed or replaced while in use");
  }
  return is_new;
}

}  // namespace topnet::net
