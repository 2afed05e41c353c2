// A file that has no name yet, in the folder where it will get one in a single step.
//
// A crash leaves nothing behind, or a file named `.NAME.topnet-` and 16 hex digits, which nobody
// holds a lock on; the next TemporaryFile for that NAME removes it. Knows nothing of what is
// written, and why. One object is used by one thread.
#pragma once

#include <sys/types.h>

#include <string>

#include "proc/unique_fd.h"

namespace topnet::net {

class TemporaryFile {
 public:
  // `folder` is the descriptor of a folder, and outlives the object; `name` is what the file will
  // be called there. Throws std::system_error.
  TemporaryFile(int folder, std::string name, mode_t mode);
  ~TemporaryFile();
  TemporaryFile(TemporaryFile&& other) noexcept = delete;

  int raw() const { return file_.raw(); }

  // Gives the file its name, in place of what had it. Throws std::system_error, and then the name
  // stands for what it stood for before.
  void take_name();

 private:
  bool open_unnamed(mode_t mode);
  void open_named(mode_t mode);
  bool lock() const;
  std::string next_temporary_name() const;
  void remove_leftovers() const;
  void remove_if_abandoned(const char* entry) const;

  int folder_;
  std::string name_;
  std::string prefix_;          // of temporary names
  std::string temporary_name_;  // empty while the file has none
  proc::UniqueFd file_;
};

}  // namespace topnet::net
