// What a machine's processes have used, over one stretch of time: since each started, or inside a
// window. The raw material of a report; a plain value.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proc/cpu_times.h"
#include "proc/process.h"
#include "proc/top.h"

namespace topnet::proc {

// One ranking that somebody wants.
struct Wish {
  std::size_t count = 10;
  SortKey key = SortKey::Cpu;
};

// A parent, and the CPU time of children that it has waited for.
struct EndedChildren {
  pid_t pid = 0;
  std::string name;  // escaped (proc/escape.h)
  std::uint64_t ticks = 0;

  friend bool operator==(const EndedChildren&, const EndedChildren&) = default;
};

struct Usage {
  std::chrono::sys_time<std::chrono::milliseconds> time;  // when the scan began
  std::optional<std::chrono::milliseconds> window;        // nullopt: since each process started

  // With the ticks used in that time. Holds at least what the rankings that were wished for need.
  std::vector<Process> processes;
  std::uint64_t seen = 0;        // processes that are there and can be ranked
  std::uint64_t unreadable = 0;  // that are there, but whose stat was tried and cannot be read

  std::uint64_t live_ticks = 0;  // of all processes that are there
  // Of processes that have ended, by the parent that waited for them; nullopt: not known.
  std::optional<std::vector<EndedChildren>> ended;
  std::optional<CpuTimes> machine;  // the kernel's figures, over the same time
};

}  // namespace topnet::proc
