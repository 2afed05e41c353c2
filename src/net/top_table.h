// The clients' tops in a file, an SQLite database: what is in it, and whether it can be relied on.
//
// Used by one thread at a time, and the file by one TopTable.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "net/private_folder.h"
#include "net/received_top.h"
#include "net/sqlite.h"

namespace topnet::net {

// The file is not what this class has left: damaged, of another kind, removed while in use. what()
// says which.
class UnsoundError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class TopTable {
 public:
  // Opens the file, or makes one. All of it is read, compared with the digests in it, and shown to
  // `look`, the oldest first. Throws UnsoundError, SqliteError, and FileError where it cannot be
  // made or opened.
  using Look = std::function<void(const ReceivedTop&)>;
  TopTable(
      const PrivateFolder& folder, const std::string& name,
      const Look& look = [](const ReceivedTop&) {});

  // Adds tops in their order, but for those whose id is there already, and lets go what is beyond
  // the limits. Returns which of them are new. All is on the disk then; where this throws, nothing
  // has changed, as far as can be known. Throws as above.
  std::vector<bool> add(std::span<const ReceivedTop> tops, const TopLimits& limits);

  // Leaves all that was added in the one file `name`, whose log then holds nothing. Closing does
  // the same, but cannot say that it has failed. Throws SqliteError.
  void checkpoint();

  // What can be read of an unsound file and is as it was written, oldest first.
  class Salvage {
   public:
    // Of a file that is no database there is nothing to be read. Throws SqliteError where it cannot
    // be read now; next() too.
    explicit Salvage(const std::filesystem::path& file);
    Salvage(Salvage&&) = delete;

    // nullopt at the end. What cannot be read is left out.
    std::optional<ReceivedTop> next();

   private:
    void look_at_index();
    void begin();

    std::optional<SqliteDatabase> database_;
    std::optional<SqliteStatement> rows_;
    // The numbers of the top to be read next, and of the last one.
    std::int64_t next_ = 0;
    std::int64_t last_ = std::numeric_limits<std::int64_t>::max();
    std::int64_t unread_ = 0;  // how often in a row one could not be
  };

  // The files that belong to the database `file`: it first, and those beside it that may be there.
  static std::vector<std::filesystem::path> files_of(const std::filesystem::path& file);

 private:
  using FileId = std::pair<dev_t, ino_t>;

  void prepare();
  void check_contents(const Look& look);
  void check_in_place();
  std::int64_t let_go(const TopLimits& limits, std::int64_t count);

  std::filesystem::path file_;
  FileId id_;                     // of file_
  std::optional<FileId> log_id_;  // of the file with the last changes, once there is one
  SqliteDatabase database_;
  // Each is prepared once: that takes longer than to run it.
  std::optional<SqliteStatement> insert_;
  std::optional<SqliteStatement> drop_old_;
  std::optional<SqliteStatement> drop_surplus_;
  std::int64_t count_ = 0;  // of the tops in it
  std::int64_t last_ = 0;   // the number of the newest
};

}  // namespace topnet::net
