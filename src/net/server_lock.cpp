#include "net/server_lock.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <stdexcept>

#include "net/file_error.h"
#include "proc/escape.h"

namespace topnet::net {

ServerLock::ServerLock(const PrivateFolder& folder, std::string_view name)
    : descriptor_(folder.open(name)) {
  // Unlike flock(2), it can say who has it.
  struct flock wish {};
  wish.l_type = F_WRLCK;
  wish.l_whence = SEEK_SET;
  for (;;) {
    if (::fcntl(descriptor_.raw(), F_SETLK, &wish) == 0) return;
    if (errno != EACCES && errno != EAGAIN) throw FileError("lock", folder / name, errno);
    struct flock other = wish;
    if (::fcntl(descriptor_.raw(), F_GETLK, &other) != 0)
      throw FileError("lock", folder / name, errno);
    if (other.l_type == F_UNLCK) continue;  // It has ended meanwhile.
    // Of a process in another container there is no number.
    const std::string who =
        other.l_pid > 0 ? fmt::format("process {}", other.l_pid) : "another process";
    throw std::runtime_error(
        fmt::format("{} serves with the state directory {} already; end it, or name another one "
                    "with --state-dir",
                    who, proc::escape(folder.path().native())));
  }
}

}  // namespace topnet::net
