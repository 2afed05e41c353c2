#include "proc/full_scan.h"

#include <utility>

namespace topnet::proc {

FullScan scan(ProcessSource& source, const std::vector<pid_t>& pids) {
  FullScan result;
  result.processes.reserve(pids.size());
  for (const pid_t pid : pids) {
    ProcessSource::Stat stat = source.read_stat(pid);
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
