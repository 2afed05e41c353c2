// A folder for its owner alone, with small private files in it: the state directory.
//
// Any number of processes may use the same one; those that change files hold its lock meanwhile.
// Any thread may call anything.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "proc/unique_fd.h"

namespace topnet::net {

enum class Links : std::uint8_t { Refuse, Follow };

// The whole contents of a file, of 1 MiB at most; nullopt if there is none. `links` says what to do
// with a symbolic link. Throws FileError, also where others can read the file (with the chmod that
// mends it).
std::optional<std::string> read_private_file(const std::filesystem::path& file, Links links);

// The same of a file that anybody may read; links are followed.
std::optional<std::string> read_public_file(const std::filesystem::path& file);

class PrivateFolder {
 public:
  // Makes the folder, 0700, and those on the way to it that are missing. Throws FileError: it
  // cannot be made or opened, others can read it (with the chmod that mends it), or it is another
  // user's.
  explicit PrivateFolder(std::filesystem::path path);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

  // Held by one at a time, of all threads and processes, until it is destroyed. Waits for its turn.
  class Lock {
   public:
    explicit Lock(const PrivateFolder& folder);

   private:
    proc::UniqueFd descriptor_;
  };

  // See read_private_file; symbolic links are refused.
  std::optional<std::string> read(std::string_view name) const;

  // What tells whether a file has been replaced since: two looks at the same one give the same.
  // All zero if there is none. Throws FileError.
  struct Version {
    std::uint64_t inode = 0;
    std::int64_t modified_ns = 0;
    std::int64_t size = 0;

    friend bool operator==(const Version&, const Version&) = default;
  };
  Version version(std::string_view name) const;

  // Replaces a file, whole or not at all; a new one gets mode 0600 and, where root writes it, the
  // folder's owner. Throws FileError.
  void write(std::string_view name, std::string_view contents) const;

  // Opens a file for reading and writing; a new one is made as by write(). Symbolic links are
  // refused, and nothing is waited for. Throws FileError.
  proc::UniqueFd open(std::string_view name) const;

  // Returns once the names in it are on the disk. Throws FileError.
  void sync() const;

  // Removes a file, if there is one. Throws FileError.
  void remove(std::string_view name) const;

 private:
  bool gives_away() const;

  std::filesystem::path path_;
  uid_t owner_ = 0;
  gid_t group_ = 0;
};

}  // namespace topnet::net
