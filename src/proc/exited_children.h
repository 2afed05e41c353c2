// Finds the CPU time of exited processes, from cutime and cstime of their parents (proc(5)).
//
// When a parent waits for an exited child, all the child's time moves into the parent's cutime +
// cstime. So their growth in a window is the time of exited children, including time from before
// the window opened. That part was read at the opening and is subtracted. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "proc/cpu_usage.h"
#include "proc/process.h"

namespace topnet::proc {

// The parents that have waited for children, the largest time first. Their children_ticks count
// since they started.
std::vector<ExitedChildren> exited_children(const std::vector<Process>& processes);

// The same for a window. `processes` exist when it closes: in rising order of pids, with the growth
// of their children_ticks and the parents that they had when it opened. `vanished` existed when it
// opened and no longer do; they are as they were then. A growth above `max_ticks`, which all CPUs
// can do in the window, is ignored as impossible. The result is never too large: the earlier time
// of a vanished process is subtracted even if it is not known which process waited for it, or if
// none did (SIGCHLD ignored).
std::vector<ExitedChildren> exited_inside(const std::vector<Process>& processes,
                                          const std::vector<Process>& vanished,
                                          std::optional<std::uint64_t> max_ticks);

}  // namespace topnet::proc
