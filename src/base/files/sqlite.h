// An SQLite database and its statements: https://www.sqlite.org/cinterface.html
//
// A database and its statements are used by one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace topnet::base {

// The file is not an SQLite database, is damaged, or lacks a table that a statement names. A retry
// does not help.
class CorruptDatabaseError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Any other error of SQLite. what() is SQLite's text, such as "database or disk is full".
class SqliteError : public std::runtime_error {
 public:
  // `error` is an errno value.
  SqliteError(int error, const std::string& text) : std::runtime_error(text), error_(error) {}

  int error() const { return error_; }

 private:
  int error_;
};

// All functions throw CorruptDatabaseError and SqliteError.
class SqliteDatabase {
 public:
  // Opens an existing file.
  explicit SqliteDatabase(const std::filesystem::path& file);
  SqliteDatabase(SqliteDatabase&&) = delete;

  // Runs statements and ignores their rows.
  void execute(const std::string& statements);
  // The number of rows that the last INSERT, UPDATE or DELETE changed.
  std::int64_t changes() const;
  // If on, closing the database moves the log (WAL) into the file and removes the log.
  void set_checkpoint_on_close(bool is_on);

  // Searches for damage with PRAGMA quick_check, for at most `limit`. Throws CorruptDatabaseError
  // if it finds damage in that time.
  void quick_check(std::chrono::milliseconds limit);

 private:
  friend class SqliteStatement;

  struct Close {
    void operator()(sqlite3* database) const;
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

// Makes statements take effect atomically.
class SqliteTransaction {
 public:
  explicit SqliteTransaction(SqliteDatabase& database);
  // Rolls back unless committed.
  ~SqliteTransaction();
  SqliteTransaction(SqliteTransaction&&) = delete;

  void commit();

 private:
  SqliteDatabase& database_;
  bool is_open_ = true;
};

class SqliteStatement {
 public:
  // One statement with any number of `?`. The database outlives it.
  SqliteStatement(SqliteDatabase& database, std::string_view statement);
  SqliteStatement(SqliteStatement&&) = delete;

  // Gives each `?` its value: a std::int64_t or a text, which is copied. nullopt becomes NULL.
  template <typename... Values>
  SqliteStatement& bind(const Values&... values) {
    int index = 0;
    (bind_at(++index, values), ...);
    return *this;
  }

  // Moves to the next row. Returns false after the last row; then values can be bound again.
  bool step();
  // Runs the statement and ignores its rows.
  void run();

  // The columns of the row, from 0.
  std::int64_t integer(int column) const;
  std::optional<std::string> text(int column) const;  // nullopt: NULL

 private:
  void bind_at(int index, std::int64_t value);
  void bind_at(int index, const std::string& value);
  void bind_at(int index, const std::optional<std::string>& value);

  SqliteDatabase& database_;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

}  // namespace topnet::base
