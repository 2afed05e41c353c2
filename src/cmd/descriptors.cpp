#include "cmd/descriptors.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "cmd/failure.h"

namespace topnet::cmd {
namespace {

// For all that is no client who is served: strangers, browsers, reports on their way, /proc, trust
// files.
constexpr std::size_t kOthers = 256;

std::size_t raise_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    throw std::system_error(errno, std::generic_category(), "could not ask for a limit");
  }
  limit.rlim_cur = limit.rlim_max;
  // Where it is forbidden, the soft one stays.
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace

std::size_t clients_within_limits(std::size_t wanted) {
  const std::size_t limit = raise_limit();
  if (limit <= kOthers) {
    throw Failure(
        ExitCode::Failure,
        fmt::format("serving takes more than {} open files, and the limit is {}; raise it "
                    "(ulimit -Hn)",
                    kOthers, limit));
  }
  const std::size_t possible = limit - kOthers;
  if (wanted > possible) {
    say(fmt::format(
        "--max-clients is {} instead of {}, since {} open files are the limit; raise it "
        "(ulimit -Hn) for more",
        possible, wanted, limit));
  }
  return std::min(wanted, possible);
}

}  // namespace topnet::cmd
