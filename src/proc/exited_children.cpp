#include "proc/exited_children.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace topnet::proc {
namespace {

constexpr pid_t kInit = 1;
// Reused pids can make a cycle of ancestors.
constexpr int kMaxAncestors = 1000;

std::vector<ExitedChildren> largest_first(std::vector<ExitedChildren> all) {
  std::sort(all.begin(), all.end(), [](const ExitedChildren& a, const ExitedChildren& b) {
    return std::tie(b.ticks, a.pid) < std::tie(a.ticks, b.pid);
  });
  return all;
}

ExitedChildren children_of(const Process& parent, std::uint64_t ticks) {
  return {.pid = parent.pid, .name = parent.name, .ticks = ticks};
}

// Subtracts the earlier time of vanished processes from the growth of the processes that waited for
// them.
class Reapers {
 public:
  Reapers(const std::vector<Process>& processes, const std::vector<Process>& vanished)
      : processes_(processes) {
    growth_.reserve(processes.size());
    for (const Process& each : processes) growth_.push_back(each.children_ticks);
    for (const Process& each : vanished) parent_of_vanished_.emplace(each.pid, each.parent);
  }

  // Whether the parent of a vanished process still lives, so that no other process can have waited.
  // The children of a zombie have been adopted.
  bool has_live_parent(const Process& process) const {
    if (parent_of_vanished_.contains(process.parent)) return false;
    const auto parent = find(process.parent);
    return parent && processes_[*parent].state != 'Z';
  }

  // If the growth is smaller, the parent has not waited, and no process got the time.
  void subtract_from_parent(const Process& process) {
    std::uint64_t& growth = growth_[*find(process.parent)];
    const std::uint64_t ticks = process.cpu_ticks() + process.children_ticks;
    if (growth >= ticks) growth -= ticks;
  }

  // Subtracts from the processes that may have waited, the nearest first. Either its parent did,
  // and that one's parent waited for it in turn; or a subreaper or init adopted the process.
  void subtract_from_ancestors(const Process& process) {
    std::uint64_t ticks = process.cpu_ticks() + process.children_ticks;
    pid_t pid = process.parent;
    for (int i = 0; i < kMaxAncestors && ticks > 0 && pid != 0; ++i) {
      const auto vanished = parent_of_vanished_.find(pid);
      if (vanished != parent_of_vanished_.end()) {
        pid = vanished->second;
      } else if (const auto found = find(pid)) {
        const std::uint64_t subtracted = std::min(growth_[*found], ticks);
        growth_[*found] -= subtracted;
        ticks -= subtracted;
        pid = pid == kInit ? 0 : processes_[*found].parent;
      } else {
        pid = pid == kInit ? 0 : kInit;
      }
    }
  }

  std::vector<ExitedChildren> remaining(std::optional<std::uint64_t> max_ticks) const {
    std::vector<ExitedChildren> all;
    for (std::size_t i = 0; i < growth_.size(); ++i) {
      if (growth_[i] == 0 || growth_[i] > max_ticks.value_or(growth_[i])) continue;
      all.push_back(children_of(processes_[i], growth_[i]));
    }
    return largest_first(std::move(all));
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
  std::vector<std::uint64_t> growth_;  // one for each of processes_
  std::unordered_map<pid_t, pid_t> parent_of_vanished_;
};

}  // namespace

std::vector<ExitedChildren> exited_children(const std::vector<Process>& processes) {
  std::vector<ExitedChildren> all;
  for (const Process& process : processes) {
    if (process.children_ticks > 0) all.push_back(children_of(process, process.children_ticks));
  }
  return largest_first(std::move(all));
}

std::vector<ExitedChildren> exited_inside(const std::vector<Process>& processes,
                                          const std::vector<Process>& vanished,
                                          std::optional<std::uint64_t> max_ticks) {
  Reapers reapers(processes, vanished);
  // Those with known parents first, so that their time is not subtracted for other processes.
  for (const Process& process : vanished) {
    if (reapers.has_live_parent(process)) reapers.subtract_from_parent(process);
  }
  for (const Process& process : vanished) {
    if (!reapers.has_live_parent(process)) reapers.subtract_from_ancestors(process);
  }
  return reapers.remaining(max_ticks);
}

}  // namespace topnet::proc
