#include "net/sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>

#include <cerrno>

namespace topnet::net {
namespace {

// To be asked at once. `database` is null where there was no memory for it.
[[noreturn]] void fail(sqlite3* database, int code) {
  const int error = errno;  // SQLite knows it only of some calls
  if (database == nullptr) throw SqliteError(code, ENOMEM, sqlite3_errstr(code));
  const int known = sqlite3_system_errno(database);
  throw SqliteError(code, known != 0 ? known : error, sqlite3_errmsg(database));
}

int open_at_once(const char* file, int flags, int mode) {
  return ::open(file, flags | O_NONBLOCK, mode);
}

// A FIFO that somebody puts in the place of one of its files would be waited for.
bool wait_for_no_file() {
  sqlite3_vfs* const files = sqlite3_vfs_find(nullptr);
  if (files == nullptr) throw SqliteError(SQLITE_NOMEM, ENOMEM, sqlite3_errstr(SQLITE_NOMEM));
  const auto call = reinterpret_cast<sqlite3_syscall_ptr>(open_at_once);
  return files->iVersion >= 3 && files->xSetSystemCall(files, "open", call) == SQLITE_OK;
}

}  // namespace

bool SqliteError::is_about_contents() const {
  const int kind = code_ & 0xff;
  // What is too big is the length that a damaged page claims for a text.
  return kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB || kind == SQLITE_TOOBIG;
}

bool SqliteError::is_about_form() const { return (code_ & 0xff) == SQLITE_ERROR; }

int SqliteError::error() const {
  switch (code_ & 0xff) {
    case SQLITE_FULL:
      return ENOSPC;
    case SQLITE_NOMEM:
      return ENOMEM;
    case SQLITE_READONLY:
      return EACCES;
    case SQLITE_BUSY:
      return EBUSY;
    default:
      return error_ != 0 ? error_ : EIO;
  }
}

SqliteDatabase::SqliteDatabase(const std::filesystem::path& file) {
  constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  static const bool is_set_up = wait_for_no_file();
  static_cast<void>(is_set_up);
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

SqliteTransaction::SqliteTransaction(SqliteDatabase& database) : database_(database) {
  database_.execute("BEGIN IMMEDIATE");
}

SqliteTransaction::~SqliteTransaction() {
  if (!is_open_) return;
  try {
    database_.execute("ROLLBACK");
  } catch (const SqliteError&) {
    return;  // Some errors have rolled it back already.
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

void SqliteStatement::bind_at(int place, std::int64_t value) {
  const int code = sqlite3_bind_int64(handle_.get(), place, value);
  if (code != SQLITE_OK) fail(database_.handle_.get(), code);
}

void SqliteStatement::bind_at(int place, const std::string& value) {
  const int code = sqlite3_bind_text64(handle_.get(), place, value.data(), value.size(),
                                       SQLITE_TRANSIENT, SQLITE_UTF8);
  if (code != SQLITE_OK) fail(database_.handle_.get(), code);
}

void SqliteStatement::bind_at(int place, const std::optional<std::string>& value) {
  if (value) return bind_at(place, *value);
  const int code = sqlite3_bind_null(handle_.get(), place);
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
  if (sqlite3_column_type(handle_.get(), column) == SQLITE_NULL) return std::nullopt;
  const auto* const bytes = sqlite3_column_text(handle_.get(), column);
  if (bytes == nullptr) fail(database_.handle_.get(), SQLITE_NOMEM);
  return std::string(reinterpret_cast<const char*>(bytes),
                     static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column)));
}

}  // namespace topnet::net
