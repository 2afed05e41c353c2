// How much of the machine's busy CPU time a list of processes explains, and what used the rest.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "proc/cpu_usage.h"

namespace topnet::proc {

// In clock ticks. The parts add up to `busy_ticks`; none of them is scaled.
struct Accounting {
  std::uint64_t busy_ticks = 0;       // of all CPUs, as the kernel counts them
  std::uint64_t listed_ticks = 0;     // processes in the list
  std::uint64_t other_ticks = 0;      // other live processes
  std::uint64_t interrupt_ticks = 0;  // hard and soft interrupts
  // Processes that have exited; nullopt if they cannot be told apart from `unexplained_ticks`.
  std::optional<std::uint64_t> exited_ticks;
  std::int64_t unexplained_ticks = 0;  // the rest; negative if more was found than was busy
  std::vector<ExitedChildren> exited_by_parent;  // the five with the most exited time, at most

  // The part of the busy time that is explained. nullopt if no CPU was busy or `exited_ticks` is
  // unknown.
  std::optional<double> explained_ratio() const;

  friend bool operator==(const Accounting&, const Accounting&) = default;
};

// `listed` are processes of `usage`. nullopt if the machine's figures are unknown.
std::optional<Accounting> account_for(const CpuUsage& usage, const std::vector<Process>& listed);

}  // namespace topnet::proc
