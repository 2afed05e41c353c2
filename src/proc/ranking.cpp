#include "proc/ranking.h"

#include <unistd.h>

#include "proc/scan.h"

namespace topnet::proc {
namespace {

// The unit of stat's times. It is an ABI constant of the kernel (100 on every architecture that
// Debian has), so it holds for a foreign root as well.
std::uint32_t clock_ticks_per_second() {
  return static_cast<std::uint32_t>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

Report rank(const RankingRequest& request) {
  using namespace std::chrono;
  const auto time = floor<milliseconds>(system_clock::now());
  Scan found = scan(request.root);
  const std::uint64_t seen = found.processes.size();
  return {.host = read_host(request.root),
          .time = time,
          .clock_ticks_per_second = clock_ticks_per_second(),
          .processes_seen = seen,
          .processes = top(std::move(found.processes), request.count, request.key)};
}

}  // namespace topnet::proc
