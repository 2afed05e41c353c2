// A window: what every process has used when it opens, and what each used until it closes.
//
// Reading thousands of processes takes a tenth of a second, but a window is to open at one moment:
// so the first reading is repaired by a second one, of the processes whose clocks have moved since.
// Functions of a source; a baseline is a plain value.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "proc/pid_list.h"
#include "proc/source.h"
#include "proc/usage.h"

namespace topnet::proc {

// All processes at the moment at which a window opens.
struct Baseline {
  struct Entry {
    Process process;
    std::optional<std::uint64_t> clock;  // in nanoseconds, asked before the process was read
  };
  std::chrono::sys_time<std::chrono::milliseconds> time;
  std::chrono::steady_clock::time_point opened;
  std::vector<Entry> entries;  // in rising order of pids
  std::optional<CpuTimes> machine;
};

// Whether a clock that has not moved is believed to mean that a process has not run.
enum class Clocks : std::uint8_t { Ask, Ignore };

// Both throw what the source throws.
Baseline open_window(Source& source, PidList& pids, Clocks clocks);
Usage close_window(Source& source, PidList& pids, Clocks clocks, const Baseline& baseline);

}  // namespace topnet::proc
