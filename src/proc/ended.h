// What processes used that ended: by conservation (proc(5), cutime and cstime).
//
// When a process has ended and its parent has waited for it, all its time moves into the parent's
// cutime + cstime. So the growth of these is the time of processes that ended; what they had used
// before the window opened was seen then, and is taken off. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "proc/process.h"
#include "proc/usage.h"

namespace topnet::proc {

// By the parent that waited, the largest first: `processes` are all there are, and their
// children_ticks what these have grown by in the time that is asked about, since boot for instance.
std::vector<EndedChildren> ended_children(const std::vector<Process>& processes);

// The same for a window. `processes`, in rising order of pids, are those that are there at its end,
// with the parents that they had when it opened; `vanished` those that were there when it opened
// and are not any more, as they were then. Growth beyond `most_ticks`, which is what all CPUs can
// do inside the window, is no time of it. Together never more than there was: where it cannot be
// known who waited for a process, or whether anybody did (SIGCHLD ignored), what it had used before
// is taken off all the same.
std::vector<EndedChildren> ended_inside(const std::vector<Process>& processes,
                                        const std::vector<Process>& vanished,
                                        std::optional<std::uint64_t> most_ticks);

}  // namespace topnet::proc
