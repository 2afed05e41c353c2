// Finds the processes that have used most since they started, without reading every stat.
//
// Reading a process's CPU clock takes 0.5 us, reading its stat 10 us. stat truncates utime and
// stime separately, so utime + stime <= clock < utime + stime + 2 ticks. Stats are read in falling
// order of clocks. Once the next clock is below the N-th largest figure read, no other process can
// be among the N busiest. So the ranking is exact, for user and system time too.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "proc/cpu_usage.h"
#include "proc/process_source.h"

namespace topnet::proc {

struct ClockScan {
  std::vector<Process> processes;  // whose stats were read; they contain each query's result
  std::vector<pid_t> vanished;     // of `pids`, in the same order
  std::uint64_t seen = 0;          // existing processes, without unreadable ones
  std::uint64_t unreadable = 0;    // whose stats could not be read
  std::uint64_t live_ticks = 0;    // used by all existing processes, by their clocks
};

// `tick` is the unit of stat's times. The stats of processes without a clock are always read.
// nullopt if a clock and a stat do not agree: then only a full scan is exact. Throws the source's
// exceptions.
std::optional<ClockScan> scan_by_clock(ProcessSource& source, const std::vector<pid_t>& pids,
                                       const std::vector<RankingQuery>& queries,
                                       std::chrono::nanoseconds tick);

}  // namespace topnet::proc
