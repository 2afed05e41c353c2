#include "proc/ranking.h"

#include <algorithm>
#include <tuple>

namespace topnet::proc {

std::uint64_t ticks_by(SortKey key, const Process& process) {
  switch (key) {
    case SortKey::User:
      return process.user_ticks;
    case SortKey::System:
      return process.system_ticks;
    case SortKey::Cpu:
      break;
  }
  return process.cpu_ticks();
}

std::vector<Process> rank(std::vector<Process> processes, std::size_t count, SortKey key) {
  const auto comes_first = [key](const Process& a, const Process& b) {
    const auto a_ticks = ticks_by(key, a);
    const auto b_ticks = ticks_by(key, b);
    if (a_ticks != b_ticks) return a_ticks > b_ticks;
    return std::tie(a.start_time_ticks, a.pid) < std::tie(b.start_time_ticks, b.pid);
  };
  count = std::min(count, processes.size());
  std::partial_sort(processes.begin(), processes.begin() + static_cast<std::ptrdiff_t>(count),
                    processes.end(), comes_first);
  processes.resize(count);
  return processes;
}

}  // namespace topnet::proc
