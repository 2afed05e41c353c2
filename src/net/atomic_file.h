// A file that is replaced atomically: the one place that writes, syncs and replaces.
//
// At every moment, also after a crash, the file has its old bytes (or is absent) or all of the new
// ones. One object is used by one thread; any number of processes may write the same file, and the
// last commit wins. The cost does not depend on how many files the folder has.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "net/temporary_file.h"
#include "proc/unique_fd.h"

namespace topnet::net {

class AtomicFile {
 public:
  // Prepares to replace `file`, and so finds out early what would stop it. Throws FileError: no
  // such folder, no permission, a write-protected file, a symbolic link, a directory. On a file
  // system without unnamed files it waits up to 5 s for another writer of `file`.
  //
  // A new file gets `mode` less the umask; an existing one keeps its mode and, where we may set
  // it, its owner. A device or a FIFO is not replaced: what is written is kept in memory until
  // commit(), and then goes straight to it.
  explicit AtomicFile(std::filesystem::path file, mode_t mode = 0666);

  // Gives a new file to another user, which only root may do; an existing one keeps its owner.
  // Not for a device. Throws FileError.
  void set_owner(uid_t owner, gid_t group);

  // Throws FileError, for instance where the disk is full; the old file stays.
  void write(std::string_view bytes);

  // Puts the new bytes in place, synced; until then, and without it, nothing has changed. Waits up
  // to 5 s for another writer that is between link and rename. Throws FileError; the old file then
  // stays, unless it was the sync of the folder that failed.
  void commit();

 private:
  struct Attributes {
    mode_t mode;
    uid_t owner;
    gid_t group;
  };

  [[noreturn]] void fail(int error) const;
  [[noreturn]] void refuse(const char* why) const;
  void open_device();
  void write_to(int descriptor, std::string_view bytes) const;
  void sync(int descriptor) const;
  void keep_attributes() const;

  std::filesystem::path file_;
  std::string name_;  // its last component
  proc::UniqueFd folder_;
  std::optional<Attributes> existing_;
  std::optional<TemporaryFile> temporary_;  // empty for a device
  proc::UniqueFd device_;
  std::string held_back_;  // what the device gets at commit
};

}  // namespace topnet::net
