// A file that is replaced atomically.
//
// At every moment, also after a crash, the file has its old bytes (or is absent) or all of the new
// ones. Any number of processes may write the same file; the last commit wins. The cost does not
// depend on the number of files in the folder. Not thread-safe.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/files/temporary_file.h"
#include "base/unique_fd.h"

namespace topnet::base {

// Which existing files may be written.
enum class Targets : std::uint8_t {
  RegularFiles,  // no symbolic links
  Devices        // also devices and FIFOs, also through a symbolic link
};

class AtomicFile {
 public:
  // Prepares to replace `file`, so that most errors are found before the work is done. Throws
  // FileError: no such folder, no permission, a write-protected file, a directory, a symbolic
  // link to a file.
  // On a file system without unnamed files, waits up to 5 s for another writer of `file`.
  //
  // A new file gets `mode` less the umask. An existing file keeps its mode and, if this process may
  // set it, its owner. A device or a FIFO is not replaced: the bytes are kept in memory and written
  // to it by commit(). With Targets::RegularFiles, `file` itself is never opened.
  explicit AtomicFile(std::filesystem::path file, mode_t mode = 0666,
                      Targets targets = Targets::Devices);

  // Sets the owner of a new file, which only root may do. No effect on an existing file or a
  // device. Throws FileError.
  void set_owner(uid_t owner, gid_t group);

  bool is_terminal() const;

  // Throws FileError, for instance if the disk is full; the old file stays.
  void write(std::string_view bytes);

  // Replaces the file, and syncs it. Without a commit the file stays unchanged. Waits up to 5 s for
  // another writer that is between link and rename. Throws FileError; the old file then stays,
  // unless only the sync of the folder failed.
  void commit();

 private:
  struct Attributes {
    mode_t mode;
    uid_t owner;
    gid_t group;
  };

  [[noreturn]] void fail(int error) const;
  [[noreturn]] void refuse(const char* why) const;
  bool look_up(int flags, struct stat& status) const;
  void open_device();
  void sync(int descriptor) const;
  mode_t initial_mode() const;
  void copy_attributes() const;

  std::filesystem::path file_;
  std::string name_;  // its last component
  UniqueFd folder_;
  std::optional<Attributes> existing_;
  std::optional<TemporaryFile> temporary_;  // empty for a device
  UniqueFd device_;
  std::string device_bytes_;  // written at commit
};

}  // namespace topnet::base
