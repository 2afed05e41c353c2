#include "proc/ended.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace topnet::proc {
namespace {

constexpr pid_t kInit = 1;
constexpr int kMostGenerations = 1000;

// Leaves out who has nothing, and puts the largest first.
std::vector<EndedChildren> in_order(std::vector<EndedChildren> all) {
  std::erase_if(all, [](const EndedChildren& each) { return each.ticks == 0; });
  std::sort(all.begin(), all.end(), [](const EndedChildren& a, const EndedChildren& b) {
    return std::tie(b.ticks, a.pid) < std::tie(a.ticks, b.pid);
  });
  return all;
}

// Finds the parents whose growth a vanished process went into.
class Reapers {
 public:
  explicit Reapers(Changes& changes) : live_(changes.live) {
    for (EndedChildren& each : changes.growth) by_pid_.emplace(each.pid, &each);
    for (const Process& each : changes.vanished) parent_of_vanished_.emplace(each.pid, each.parent);
  }

  // Takes `ticks`, which `process` had when the window opened, off the growth that they are part
  // of: that of the nearest ancestor which has grown by as much. It is not always the parent: that
  // may have ended before, and init or another ancestor has adopted the orphan. Where nobody waited
  // for it (SIGCHLD ignored), nobody has grown by as much, and its time is lost.
  void take_off(const Process& process, std::uint64_t ticks) {
    pid_t ancestor = process.parent;
    // Bounded, since pids that were given out anew could form a circle.
    for (int generation = 0; ancestor > kInit && generation < kMostGenerations; ++generation) {
      if (take_off(ancestor, ticks)) return;
      ancestor = parent_of(ancestor);
    }
    take_off(kInit, ticks);
  }

 private:
  pid_t parent_of(pid_t pid) const {
    const auto vanished = parent_of_vanished_.find(pid);
    if (vanished != parent_of_vanished_.end()) return vanished->second;
    const auto found = std::lower_bound(live_.begin(), live_.end(), pid,
                                        [](const Process& each, pid_t p) { return each.pid < p; });
    return found != live_.end() && found->pid == pid ? found->parent : kInit;
  }

  bool take_off(pid_t parent, std::uint64_t ticks) {
    const auto found = by_pid_.find(parent);
    if (found == by_pid_.end() || found->second->ticks < ticks) return false;
    found->second->ticks -= ticks;
    return true;
  }

  std::span<const Process> live_;
  std::unordered_map<pid_t, EndedChildren*> by_pid_;
  std::unordered_map<pid_t, pid_t> parent_of_vanished_;
};

}  // namespace

std::vector<EndedChildren> ended_since_boot(const std::vector<Process>& processes) {
  std::vector<EndedChildren> all;
  for (const Process& process : processes) {
    if (process.children_ticks == 0) continue;
    all.push_back({.pid = process.pid, .name = process.name, .ticks = process.children_ticks});
  }
  return in_order(std::move(all));
}

std::vector<EndedChildren> ended_inside(Changes changes) {
  Reapers reapers(changes);
  for (const Process& process : changes.vanished) {
    reapers.take_off(process, process.cpu_ticks() + process.children_ticks);
  }
  if (changes.most_ticks) {
    std::erase_if(changes.growth,
                  [&](const EndedChildren& each) { return each.ticks > *changes.most_ticks; });
  }
  return in_order(std::move(changes.growth));
}

}  // namespace topnet::proc
