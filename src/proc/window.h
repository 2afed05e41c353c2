// Measures what each process uses in a window of time.
//
// A window should open at one moment, but reading thousands of processes takes a tenth of a second.
// So processes whose CPU clocks have moved meanwhile are read again (proc/snapshot.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "proc/cpu_usage.h"
#include "proc/pid_list.h"
#include "proc/process_source.h"
#include "proc/snapshot.h"

namespace topnet::proc {

// All processes when a window opens. A plain value.
struct Baseline {
  std::chrono::sys_time<std::chrono::milliseconds> time;
  std::chrono::steady_clock::time_point opened;
  std::vector<Snapshot::Entry> entries;  // in rising order of pids
  std::optional<CpuTimes> machine;
};

// All throw the source's exceptions.
Baseline open_window(ProcessSource& source, PidList& pids, Clocks clocks);
CpuUsage close_window(ProcessSource& source, PidList& pids, Clocks clocks,
                      const Baseline& baseline);
// Closes the window and opens the next one at the same moment, so that no time is lost between
// them.
CpuUsage roll_window(ProcessSource& source, PidList& pids, Clocks clocks, Baseline& baseline);

}  // namespace topnet::proc
