// The busiest processes since they started, exactly, at a fraction of the cost of reading them all.
//
// A process's CPU clock costs 0.5 us, its stat 10 us. The clock counts the same time as utime +
// stime of stat do, which are cut to ticks twice: so their sum lies under it, by two ticks at most.
// In falling order of clocks, a process can be among the N busiest only as long as its clock is not
// below the N-th best figure read so far, whichever of the figures that is.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "proc/source.h"
#include "proc/usage.h"

namespace topnet::proc {

struct ClockScan {
  std::vector<Process> processes;  // those read: the busiest for each wish are among them
  std::vector<pid_t> vanished;     // of `pids`, in their order
  std::uint64_t seen = 0;          // processes that are there
  std::uint64_t unreadable = 0;    // of those tried
  std::uint64_t live_ticks = 0;    // of all that are there, by their clocks
};

// `tick` is the unit of stat's times. Processes without a clock are read in any case. nullopt where
// a clock and a stat do not agree: then only reading every stat is exact. Throws what the source
// throws.
std::optional<ClockScan> scan_by_clock(Source& source, const std::vector<pid_t>& pids,
                                       const std::vector<Wish>& wishes,
                                       std::chrono::nanoseconds tick);

}  // namespace topnet::proc
