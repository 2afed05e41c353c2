// The new contents of a file, until they replace the old ones.
//
// They are in an unnamed file (O_TMPFILE), which is called `.FILE.topnet-new` only between link and
// rename. A file system without unnamed files has it under that name from the start. The writer
// holds a lock (flock) on it, so a file of that name without a lock was left by a killed run. The
// next writer of FILE removes it. One object is used by one thread.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <string>

#include "proc/unique_fd.h"

namespace topnet::net {

class TemporaryFile {
 public:
  // `folder` is the descriptor of the folder of `file`, and outlives the object. Throws FileError.
  TemporaryFile(int folder, std::filesystem::path file, mode_t mode);
  ~TemporaryFile();
  TemporaryFile(TemporaryFile&& other) noexcept = delete;

  int raw() const { return descriptor_.raw(); }

  // Replaces the file. Throws FileError; the file then has its old contents.
  void publish();

 private:
  bool open_unnamed(mode_t mode);
  bool create(mode_t mode);
  bool link();
  void acquire_name(const std::function<bool()>& attempt);
  bool remove_left_over() const;
  [[noreturn]] void fail() const;

  int folder_;
  std::filesystem::path file_;
  std::string name_;  // its last component
  std::string temporary_name_;
  bool has_temporary_name_ = false;
  proc::UniqueFd descriptor_;
};

}  // namespace topnet::net
