// What processes used that ended: by conservation (proc(5), cutime and cstime).
//
// When a process has ended and its parent has waited for it, all its time moves into the parent's
// cutime + cstime. So the growth of these is the time of processes that ended; what they had used
// before the window opened was seen then, and is taken off. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "proc/process.h"
#include "proc/usage.h"

namespace topnet::proc {

// Since boot: by the parent that waited, the largest first.
std::vector<EndedChildren> ended_since_boot(const std::vector<Process>& processes);

// What changed between the two ends of a window.
struct Changes {
  // Those that are there at its end, with what their children_ticks grew by inside the window.
  std::vector<EndedChildren> growth;
  // Those that were there when it opened and are not any more, as they were then.
  std::vector<Process> vanished;
  // All that are there at its end, in rising order of pids.
  std::span<const Process> live;
  // More than all CPUs can have done inside the window is impossible; nullopt: not known.
  std::optional<std::uint64_t> most_ticks;
};

// By the parent that waited, the largest first. Growth that cannot have been used inside the window
// is no time of it.
std::vector<EndedChildren> ended_inside(Changes changes);

}  // namespace topnet::proc
