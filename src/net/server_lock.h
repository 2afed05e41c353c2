// One server for each state directory.
#pragma once

#include <string_view>

#include "net/private_folder.h"
#include "proc/unique_fd.h"

namespace topnet::net {

// Held while it lives, by one process at a time; the kernel lets go of it however that one ends.
class ServerLock {
 public:
  // The file is made where it is missing, and stays. Throws std::runtime_error, which names the
  // process that has it, and FileError. Closing the same file anywhere else in this process would
  // let go of it (fcntl(2)).
  ServerLock(const PrivateFolder& folder, std::string_view name);

 private:
  proc::UniqueFd descriptor_;
};

}  // namespace topnet::net
