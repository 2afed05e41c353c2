// How much of the machine's busy CPU a list of processes explains, and what the rest went to. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "proc/usage.h"

namespace topnet::proc {

// In clock ticks. The parts add up to `busy_ticks`; nothing is scaled to make them.
struct Accounting {
  std::uint64_t busy_ticks = 0;       // what the kernel says that all CPUs were busy
  std::uint64_t listed_ticks = 0;     // of it, the processes in the list
  std::uint64_t other_ticks = 0;      // other processes that are there
  std::uint64_t interrupt_ticks = 0;  // interrupts, hard and soft
  // Processes that have ended; nullopt: not told apart from what is unexplained.
  std::optional<std::uint64_t> ended_ticks;
  std::int64_t unexplained_ticks = 0;  // the rest, negative where more was found than was busy
  std::vector<EndedChildren> ended_by_parent;  // those with most of `ended_ticks`, five at most

  // What is explained of what was busy; nullopt where nothing was, or where it cannot be told.
  std::optional<double> explained_ratio() const;

  friend bool operator==(const Accounting&, const Accounting&) = default;
};

// nullopt where the machine's figures are not known. `listed` are processes of `usage`.
std::optional<Accounting> account_for(const Usage& usage, const std::vector<Process>& listed);

}  // namespace topnet::proc
