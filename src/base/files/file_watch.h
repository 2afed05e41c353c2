// Notices changes of files that a user named, also a switch of a symbolic link on their paths.
#pragma once

#include <filesystem>
#include <vector>

#include "base/files/read_file.h"

namespace topnet::base {

class FileWatch {
 public:
  // Create it before the files are read for the first time. Ignores empty paths.
  explicit FileWatch(std::vector<std::filesystem::path> files);

  // Call it periodically. True once after a change, when no file has changed since the last call:
  // until then, one of several files may be half written. A missing file is a change, too.
  bool has_changed();

 private:
  std::vector<FileVersion> versions() const;

  std::vector<std::filesystem::path> files_;
  std::vector<FileVersion> last_;      // of the last call
  std::vector<FileVersion> reported_;  // when has_changed() was true
};

}  // namespace topnet::base
