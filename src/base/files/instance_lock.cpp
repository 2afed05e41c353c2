#include "base/files/instance_lock.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <stdexcept>

#include "base/escape.h"
#include "base/files/file_error.h"

namespace topnet::base {

InstanceLock::InstanceLock(const StateDirectory& folder, std::string_view name)
    : descriptor_(folder.open(name)) {
  // Unlike flock(2), fcntl(2) can name the process that holds the lock.
  struct flock request {};
  request.l_type = F_WRLCK;
  request.l_whence = SEEK_SET;
  for (;;) {
    if (::fcntl(descriptor_.raw(), F_SETLK, &request) == 0) return;
    if (errno != EACCES && errno != EAGAIN) throw FileError("lock", folder / name, errno);
    struct flock held = request;
    if (::fcntl(descriptor_.raw(), F_GETLK, &held) != 0)
      throw FileError("lock", folder / name, errno);
    if (held.l_type == F_UNLCK) continue;  // The holder has ended since.
    // The kernel tells no pid for a process in another container.
    const std::string holder =
        held.l_pid > 0 ? fmt::format("process {}", held.l_pid) : "another process";
    throw std::runtime_error(
        fmt::format("{} already serves from the state directory {}; stop it, or choose another "
                    "directory with --state-dir",
                    holder, escape(folder.path().native())));
  }
}

}  // namespace topnet::base
