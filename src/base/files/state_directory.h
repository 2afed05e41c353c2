// The state directory: a folder with small files that only its owner may read.
//
// Any number of processes may use the same folder; they hold its lock while they change files.
// Thread-safe.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace topnet::base {

enum class Links : std::uint8_t { Refuse, Follow };

// Returns the contents of a file, of 1 MiB at most; nullopt if it does not exist. `links` says how
// to treat a symbolic link. Throws FileError, also if other users can read the file (the message
// then names the chmod that corrects it).
std::optional<std::string> read_private_file(const std::filesystem::path& file, Links links);

// The same for a file that other users may read; follows symbolic links.
std::optional<std::string> read_public_file(const std::filesystem::path& file);

class StateDirectory {
 public:
  // Creates the folder and missing parents, with mode 0700. Throws FileError if it cannot be
  // created or opened, if others can read it, or if it belongs to another user.
  explicit StateDirectory(std::filesystem::path path);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

  // Excludes all other threads and processes until it is destroyed. Waits for the current holder.
  class Lock {
   public:
    explicit Lock(const StateDirectory& folder);

   private:
    UniqueFd descriptor_;
  };

  // See read_private_file; symbolic links are refused.
  std::optional<std::string> read(std::string_view name) const;

  // Changes whenever a file is replaced. All zero if the file does not exist.
  struct Version {
    std::uint64_t inode = 0;
    std::int64_t modified_ns = 0;
    std::int64_t size = 0;

    friend bool operator==(const Version&, const Version&) = default;
  };
  // Throws FileError.
  Version version(std::string_view name) const;

  // Replaces a file atomically. A new file gets mode 0600 and, if root writes it, the folder's
  // owner. Throws FileError.
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
