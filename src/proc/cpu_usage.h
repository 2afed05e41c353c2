// CPU time that a machine's processes used, either since each process started or in a window. A
// report is made from it. Plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proc/cpu_times.h"
#include "proc/process.h"
#include "proc/ranking.h"

namespace topnet::proc {

struct RankingQuery {
  std::size_t count = 10;
  SortKey key = SortKey::Cpu;
};

// A process, and the CPU time of children that it has waited for.
struct ExitedChildren {
  pid_t pid = 0;
  std::string name;  // escaped (base/escape.h)
  std::uint64_t ticks = 0;

  friend bool operator==(const ExitedChildren&, const ExitedChildren&) = default;
};

struct CpuUsage {
  std::chrono::sys_time<std::chrono::milliseconds> time;  // when the scan began
  std::optional<std::chrono::milliseconds> window;        // nullopt: since each process started

  // With the ticks used in that time. Contains at least the result of each query of the scan.
  std::vector<Process> processes;
  std::uint64_t seen = 0;        // existing processes, without unreadable ones
  std::uint64_t unreadable = 0;  // existing processes whose stat could not be read

  std::uint64_t live_ticks = 0;  // used by all existing processes
  // Used by exited processes, by the parent that waited for them; nullopt: not known.
  std::optional<std::vector<ExitedChildren>> exited;
  // The kernel's figures for the same time; nullopt: not known.
  std::optional<CpuTimes> machine;
  std::optional<std::uint32_t> cpus;  // online at its end
};

}  // namespace topnet::proc
