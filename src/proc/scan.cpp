#include "proc/scan.h"

#include <utility>

namespace topnet::proc {

Scan scan(Source& source, const std::vector<pid_t>& pids) {
  Scan result;
  result.processes.reserve(pids.size());
  for (const pid_t pid : pids) {
    Source::Stat stat = source.read_stat(pid);
    if (stat.process) {
      result.processes.push_back(std::move(*stat.process));
    } else if (stat.is_unreadable) {
      ++result.unreadable;
    } else {
      result.vanished.push_back(pid);
    }
  }
  return result;
}

}  // namespace topnet::proc
