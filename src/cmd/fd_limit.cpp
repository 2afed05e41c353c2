#include "cmd/fd_limit.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "cmd/command_error.h"

namespace topnet::cmd {
namespace {

// Descriptors that are reserved for unknown clients and handshakes (640), browsers (64), reports
// being sent, /proc and trust files.
constexpr std::size_t kReserved = 768;

std::size_t raise_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    throw std::system_error(errno, std::generic_category(),
                            "could not read the limit on open files");
  }
  limit.rlim_cur = limit.rlim_max;
  // If that is not permitted, the soft limit stays in force.
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace

std::size_t clients_within_fd_limit(std::size_t wanted) {
  const std::size_t limit = raise_limit();
  if (limit <= kReserved) {
    throw CommandError(
        ExitCode::Failure,
        fmt::format("could not serve with a limit of {} open files; raise the limit (ulimit -Hn) "
                    "above {}",
                    limit, kReserved));
  }
  const std::size_t possible = limit - kReserved;
  if (wanted > possible) {
    log_line(fmt::format(
        "reduced --max-clients from {} to {}, because the limit on open files is {}; raise that "
        "limit (ulimit -Hn) to serve more clients",
        wanted, possible, limit));
  }
  return std::min(wanted, possible);
}

}  // namespace topnet::cmd
