// A temporary file that replaces FILE.
//
// It has no name (O_TMPFILE) until publish() links it as `.FILE.topnet-new` and renames it to FILE.
// On a file system without unnamed files it has that name from the start. The writer holds a lock
// (flock) on it, so an unlocked file of that name was left by a killed process, and the next writer
// of FILE removes it. Not thread-safe.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <string>

#include "base/unique_fd.h"

namespace topnet::base {

class TemporaryFile {
 public:
  // `folder` is a descriptor of the folder of `file` and has to outlive the object. Throws
  // FileError.
  TemporaryFile(int folder, std::filesystem::path file, mode_t mode);
  ~TemporaryFile();
  TemporaryFile(TemporaryFile&& other) noexcept = delete;

  int raw() const { return descriptor_.raw(); }

  // Replaces FILE. Throws FileError; FILE is then unchanged.
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
  UniqueFd descriptor_;
};

}  // namespace topnet::base
