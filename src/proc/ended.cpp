#include "proc/ended.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace topnet::proc {
namespace {

constexpr pid_t kInit = 1;
// Pids that were given out anew could make a circle of ancestors.
constexpr int kMostAncestors = 1000;

std::vector<EndedChildren> in_order(std::vector<EndedChildren> all) {
  std::sort(all.begin(), all.end(), [](const EndedChildren& a, const EndedChildren& b) {
    return std::tie(b.ticks, a.pid) < std::tie(a.ticks, b.pid);
  });
  return all;
}

EndedChildren children_of(const Process& parent, std::uint64_t ticks) {
  return {.pid = parent.pid, .name = parent.name, .ticks = ticks};
}

// Finds the parents whose growth the time of vanished processes went into.
class Reapers {
 public:
  Reapers(const std::vector<Process>& processes, const std::vector<Process>& vanished)
      : processes_(processes) {
    growth_.reserve(processes.size());
    for (const Process& each : processes) growth_.push_back(each.children_ticks);
    for (const Process& each : vanished) parent_of_vanished_.emplace(each.pid, each.parent);
  }

  // Whether the parent of a process that vanished still lives: then nobody else can have waited for
  // it. A zombie's children have been adopted.
  bool know_parent_of(const Process& process) const {
    if (parent_of_vanished_.contains(process.parent)) return false;
    const auto parent = find(process.parent);
    return parent && processes_[*parent].state != 'Z';
  }

  // Takes what `process` had used off its parent's growth. That has not grown by as much where it
  // did not wait: the time is lost then.
  void take_off_parent(const Process& process) {
    std::uint64_t& growth = growth_[*find(process.parent)];
    const std::uint64_t ticks = process.cpu_ticks() + process.children_ticks;
    if (growth >= ticks) growth -= ticks;
  }

  // Takes it off the growth of those who may have waited, the nearest first: the parent of its
  // parent, who waited for both; or one further above, a subreaper or init, who adopted it.
  void take_off_ancestors(const Process& process) {
    std::uint64_t ticks = process.cpu_ticks() + process.children_ticks;
    pid_t pid = process.parent;
    for (int i = 0; i < kMostAncestors && ticks > 0 && pid != 0; ++i) {
      const auto vanished = parent_of_vanished_.find(pid);
      if (vanished != parent_of_vanished_.end()) {
        pid = vanished->second;
      } else if (const auto found = find(pid)) {
        const std::uint64_t taken = std::min(growth_[*found], ticks);
        growth_[*found] -= taken;
        ticks -= taken;
        pid = pid == kInit ? 0 : processes_[*found].parent;
      } else {
        pid = pid == kInit ? 0 : kInit;
      }
    }
  }

  std::vector<EndedChildren> rest(std::optional<std::uint64_t> most_ticks) const {
    std::vector<EndedChildren> all;
    for (std::size_t i = 0; i < growth_.size(); ++i) {
      if (growth_[i] == 0 || growth_[i] > most_ticks.value_or(growth_[i])) continue;
      all.push_back(children_of(processes_[i], growth_[i]));
    }
    return in_order(std::move(all));
  }

 private:
  std::optional<std::size_t> find(pid_t pid) const {
    const auto found =
        std::lower_bound(processes_.begin(), processes_.end(), pid,
                         [](const Process& process, pid_t other) { return process.pid < other; });
    if (found == processes_.end() || found->pid != pid) return std::nullopt;
    return static_cast<std::size_t>(found - processes_.begin());
  }

  const std::vector<Process>& processes_;
  std::vector<std::uint64_t> growth_;  // of each of them
  std::unordered_map<pid_t, pid_t> parent_of_vanished_;
};

}  // namespace

std::vector<EndedChildren> ended_children(const std::vector<Process>& processes) {
  std::vector<EndedChildren> all;
  for (const Process& process : processes) {
    if (process.children_ticks > 0) all.push_back(children_of(process, process.children_ticks));
  }
  return in_order(std::move(all));
}

std::vector<EndedChildren> ended_inside(const std::vector<Process>& processes,
                                        const std::vector<Process>& vanished,
                                        std::optional<std::uint64_t> most_ticks) {
  Reapers reapers(processes, vanished);
  // First those of whom it is known, so that no other takes what is theirs.
  for (const Process& process : vanished) {
    if (reapers.know_parent_of(process)) reapers.take_off_parent(process);
  }
  for (const Process& process : vanished) {
    if (!reapers.know_parent_of(process)) reapers.take_off_ancestors(process);
  }
  return reapers.rest(most_ticks);
}

}  // namespace topnet::proc
