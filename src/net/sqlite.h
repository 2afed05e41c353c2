// An SQLite database and its statements, as values: https://www.sqlite.org/cinterface.html
//
// Knows nothing of what is in it. A database and its statements are used by one thread at a time.
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

namespace topnet::net {

// The file is not an SQLite database, is damaged, or lacks what a statement names: another try will
// find it no better.
class CorruptDatabaseError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Anything else that SQLite fails with. what() is its own text, such as "database or disk is full".
class SqliteError : public std::runtime_error {
 public:
  // `error` is an errno value.
  SqliteError(int error, const std::string& text) : std::runtime_error(text), error_(error) {}

  int error() const { return error_; }

 private:
  int error_;
};

// All of it throws CorruptDatabaseError and SqliteError.
class SqliteDatabase {
 public:
  // Opens a file that is there.
  explicit SqliteDatabase(const std::filesystem::path& file);
  SqliteDatabase(SqliteDatabase&&) = delete;

  // Runs statements and drops their rows.
  void execute(const std::string& statements);
  // How many rows the last INSERT, UPDATE or DELETE has changed.
  std::int64_t changes() const;
  // Whether closing moves what is in the log into the file, and removes the log.
  void set_checkpoint_on_close(bool is_on);

  // Searches for damage with PRAGMA quick_check, and throws CorruptDatabaseError if it finds some
  // in that time.
  void quick_check(std::chrono::milliseconds limit);

 private:
  friend class SqliteStatement;

  struct Close {
    void operator()(sqlite3* database) const;
  };
  std::unique_ptr<sqlite3, Close> handle_;
};

// Statements that take effect together, or not at all.
class SqliteTransaction {
 public:
  explicit SqliteTransaction(SqliteDatabase& database);
  // Takes back what is not committed.
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

  // Gives each `?` its value: a std::int64_t or a text, which is copied; nullopt is NULL.
  template <typename... Values>
  SqliteStatement& bind(const Values&... values) {
    int place = 0;
    (bind_at(++place, values), ...);
    return *this;
  }

  // True where there is a row, or one more; false at the end, and then it can be bound anew.
  bool step();
  // Runs it to its end.
  void run();

  // The columns of the row, counted from 0.
  std::int64_t integer(int column) const;
  std::optional<std::string> text(int column) const;  // nullopt: NULL

 private:
  void bind_at(int place, std::int64_t value);
  void bind_at(int place, const std::string& value);
  void bind_at(int place, const std::optional<std::string>& value);

  SqliteDatabase& database_;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

}  // namespace topnet::net
