// A window: what every process has used when it opens, and what each used until it closes.
//
// Reading thousands of processes takes a tenth of a second, but a window is to open at one moment:
// so the first reading is repaired by a second one, of the processes whose clocks have moved since
// (proc/reading.h). Functions of a source; a baseline is a plain value.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "proc/pid_list.h"
#include "proc/reading.h"
#include "proc/source.h"
#include "proc/usage.h"

namespace topnet::proc {

// All processes at the moment at which a window opens.
struct Baseline {
  std::chrono::sys_time<std::chrono::milliseconds> time;
  std::chrono::steady_clock::time_point opened;
  std::vector<Reading::Entry> entries;  // in rising order of pids
  std::optional<CpuTimes> machine;
};

// All throw what the source throws.
Baseline open_window(Source& source, PidList& pids, Clocks clocks);
Usage close_window(Source& source, PidList& pids, Clocks clocks, const Baseline& baseline);
// Closes the window, and opens the next one at the same moment: nothing falls between them.
Usage roll_window(Source& source, PidList& pids, Clocks clocks, Baseline& baseline);

}  // namespace topnet::proc
