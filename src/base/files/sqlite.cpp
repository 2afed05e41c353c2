#include "base/files/sqlite.h"

#include <sqlite3.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/escape.h"

namespace topnet::base {
namespace {

bool is_corrupt(int code) {
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_TOOBIG:  // a damaged page claims an impossible length
    case SQLITE_ERROR:   // a table or column is missing
      return true;
    default:
      return false;
  }
}

// The errno value closest to `code`. `known` is the errno of the failed system call, or 0.
int errno_of(int code, int known) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return ENOSPC;
    case SQLITE_READONLY:
      return EACCES;
    case SQLITE_BUSY:
      return EBUSY;
    default:
      return known != 0 ? known : EIO;
  }
}

[[noreturn]] void fail(sqlite3* database, int code) {
  const int error = errno;                                    // SQLite keeps it only for some calls
  const std::string text = escape(sqlite3_errmsg(database));  // may quote a damaged schema
  if (is_corrupt(code)) throw CorruptDatabaseError(text);
  const int known = sqlite3_system_errno(database);
  throw SqliteError(errno_of(code, known != 0 ? known : error), text);
}

}  // namespace

SqliteDatabase::SqliteDatabase(const std::filesystem::path& file) {
  constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &opened, flags, nullptr);
  handle_.reset(opened);
  if (code != SQLITE_OK) fail(opened, code);
}

void SqliteDatabase::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

void SqliteDatabase::execute(const std::string& statements) {
  const int code = sqlite3_exec(handle_.get(), statements.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(handle_.get(), code);
}

std::int64_t SqliteDatabase::changes() const { return sqlite3_changes64(handle_.get()); }

void SqliteDatabase::set_checkpoint_on_close(bool is_on) {
  sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, is_on ? 0 : 1, nullptr);
}

// Uses an interrupt, because SQLite before 3.41 calls no progress handler while it checks pages.
void SqliteDatabase::quick_check(std::chrono::milliseconds limit) {
  std::atomic<bool> is_over = false;
  const std::jthread timer([&](const std::stop_token& stop) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    for (;;) {  // Repeats, because an interrupt before the statement runs has no effect.
      std::condition_variable_any().wait_for(lock, stop, limit, [] { return false; });
      if (stop.stop_requested()) return;
      is_over = true;
      sqlite3_interrupt(handle_.get());
    }
  });
  try {
    SqliteStatement check(*this, "PRAGMA quick_check(1)");
    const std::string found = check.step() ? check.text(0).value_or("") : "";
    // An interrupted check reports the unchecked pages as damaged.
    if (found != "ok" && !is_over) throw CorruptDatabaseError(escape(found));
  } catch (const SqliteError&) {
    if (!is_over) throw;
  }
}

SqliteTransaction::SqliteTransaction(SqliteDatabase& database) : database_(database) {
  database_.execute("BEGIN IMMEDIATE");
}

SqliteTransaction::~SqliteTransaction() {
  if (!is_open_) return;
  try {
    database_.execute("ROLLBACK");
  } catch (const std::runtime_error&) {
    return;  // Some errors have already rolled it back.
  }
}

void SqliteTransaction::commit() {
  database_.execute("COMMIT");
  is_open_ = false;
}

SqliteStatement::SqliteStatement(SqliteDatabase& database, std::string_view statement)
    : database_(database) {
  sqlite3_stmt* prepared = nullptr;
  const int code = sqlite3_prepare_v3(database.handle_.get(), statement.data(),
                                      static_cast<int>(statement.size()), 0, &prepared, nullptr);
  handle_.reset(prepared);
  if (code != SQLITE_OK) fail(database.handle_.get(), code);
}

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void SqliteStatement::bind_at(int index, std::int64_t value) {
  const int code = sqlite3_bind_int64(handle_.get(), index, value);
  if (code != SQLITE_OK) fail(database_.handle_.get(), code);
}

void SqliteStatement::bind_at(int index, const std::string& value) {
  const int code = sqlite3_bind_text64(handle_.get(), index, value.data(), value.size(),
                                       SQLITE_TRANSIENT, SQLITE_UTF8);
  if (code != SQLITE_OK) fail(database_.handle_.get(), code);
}

void SqliteStatement::bind_at(int index, const std::optional<std::string>& value) {
  if (value) return bind_at(index, *value);
  const int code = sqlite3_bind_null(handle_.get(), index);
  if (code != SQLITE_OK) fail(database_.handle_.get(), code);
}

bool SqliteStatement::step() {
  const int code = sqlite3_step(handle_.get());
  if (code == SQLITE_ROW) return true;
  sqlite3_reset(handle_.get());
  if (code != SQLITE_DONE) fail(database_.handle_.get(), code);
  return false;
}

void SqliteStatement::run() {
  while (step()) continue;
}

std::int64_t SqliteStatement::integer(int column) const {
  return sqlite3_column_int64(handle_.get(), column);
}

std::optional<std::string> SqliteStatement::text(int column) const {
  const auto* const bytes = sqlite3_column_text(handle_.get(), column);
  if (bytes == nullptr) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(bytes),
                     static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column)));
}

}  // namespace topnet::base
