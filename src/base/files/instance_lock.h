// One server for each state directory.
#pragma once

#include <string_view>

#include "base/files/state_directory.h"
#include "base/unique_fd.h"

namespace topnet::base {

// A lock that one process holds at a time. The kernel releases it when the process ends, even if it
// is killed.
class InstanceLock {
 public:
  // Creates the file if it is missing; never removes it. Throws std::runtime_error, which names the
  // process that holds the lock, or FileError. The lock is lost if this process closes any other
  // descriptor of the file (fcntl(2)).
  InstanceLock(const StateDirectory& folder, std::string_view name);

 private:
  UniqueFd descriptor_;
};

}  // namespace topnet::base
