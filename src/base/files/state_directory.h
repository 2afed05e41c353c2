// The state directory: a folder with small files that only its owner may read.
//
// Any number of processes may use the same folder; they hold its lock while they change files.
// Thread-safe.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/files/read_file.h"
#include "base/unique_fd.h"

namespace topnet::base {

class StateDirectory {
 public:
  // Creates the folder and missing parents, with mode 0700. Throws FileError if it cannot be
  // created or opened, if others can read it, or if it belongs to another user.
  explicit StateDirectory(std::filesystem::path path);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

  // Excludes all other threads and processes until it is destroyed. Waits for the current holder,
  // and throws FileError if that still holds the lock after `max_wait`.
  class Lock {
   public:
    explicit Lock(const StateDirectory& folder,
                  std::chrono::milliseconds max_wait = std::chrono::seconds(5));

   private:
    UniqueFd descriptor_;
  };

  // Returns the contents of a file, of 1 MiB at most; nullopt if it does not exist. Throws
  // FileError, also for a symbolic link, and if other users can read the file (the message then
  // names the chmod that corrects it).
  std::optional<std::string> read(std::string_view name) const;

  // Throws FileError.
  FileVersion version(std::string_view name) const;

  // Replaces a regular file atomically. A new file gets mode 0600 and, if root writes it, the
  // folder's owner. Throws FileError.
  void write(std::string_view name, std::string_view contents) const;

  // Opens a file for reading and writing; creates it, if missing, as write() does. Refuses symbolic
  // links and does not block. Throws FileError.
  UniqueFd open(std::string_view name) const;

  // Removes a file if it exists. Throws FileError.
  void remove(std::string_view name) const;

 private:
  bool is_root_for_other_owner() const;

  std::filesystem::path path_;
  uid_t owner_ = 0;
  gid_t group_ = 0;
};

}  // namespace topnet::base
