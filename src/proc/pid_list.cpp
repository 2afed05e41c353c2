#include "proc/pid_list.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace topnet::proc {
namespace {

using namespace std::chrono_literals;

// The kernel assigns a pid before the process appears in the folder. After this time it has
// appeared.
constexpr auto kSettleTime = 100ms;
// A process may have been started with a chosen pid, out of order (clone3(2), set_tid). A regular
// walk finds it.
constexpr auto kWalkInterval = 10s;

}  // namespace

const std::vector<pid_t>& PidList::update(std::optional<std::uint64_t> forks,
                                          Clock::time_point now) {
  // Read before the folder: pids that are assigned after this belong to the next update.
  const auto last_pid = forks ? source_.read_last_pid() : std::nullopt;
  if (!last_pid || has_wrapped_around(*last_pid, *forks)) {
    settled_.reset();
    recent_.reset();
  }
  last_pid_ = last_pid.value_or(0);
  forks_ = forks.value_or(0);

  const bool must_walk = !settled_ || now - last_walk_ >= kWalkInterval;
  if (!must_walk && settled_->last_pid == last_pid_) return pids_;
  const Mark mark = must_walk ? walk(last_pid_, now) : read_new_pids(last_pid_, now);
  if (!recent_) {
    recent_ = mark;
  } else if (now - recent_->time >= kSettleTime) {
    // Processes that had not appeared in time for `recent_` have been read now.
    settled_ = std::exchange(recent_, mark);
  }
  return pids_;
}

void PidList::remove(const std::vector<pid_t>& vanished) {
  if (vanished.empty()) return;
  std::vector<pid_t> remaining;
  remaining.reserve(pids_.size());
  std::set_difference(pids_.begin(), pids_.end(), vanished.begin(), vanished.end(),
                      std::back_inserter(remaining));
  pids_ = std::move(remaining);
}

// After the largest pid the kernel continues with the smallest. New pids may then be anywhere.
bool PidList::has_wrapped_around(pid_t last_pid, std::uint64_t forks) {
  if (last_pid < last_pid_ || forks < forks_) return true;
  const std::uint64_t started = forks - forks_;
  // The kernel skips pids that processes and threads use, so a full round may need far fewer starts
  // than there are pids: an eighth is a safe bound. The smallest possible limit is 301.
  return started > 301 / 8 && started > source_.read_pid_limit() / 8;
}

PidList::Mark PidList::walk(pid_t last_pid, Clock::time_point now) {
  Mark mark{.last_pid = last_pid, .offset = 0, .time = now};
  pids_.clear();
  source_.read_pids(0, [&](pid_t pid, off_t offset) {
    pids_.push_back(pid);
    if (pid <= last_pid) mark.offset = offset;
    return true;
  });
  // A copy of a proc file system is unordered.
  if (!std::is_sorted(pids_.begin(), pids_.end())) std::sort(pids_.begin(), pids_.end());
  ++walks_;
  last_walk_ = now;
  return mark;
}

PidList::Mark PidList::read_new_pids(pid_t last_pid, Clock::time_point now) {
  Mark mark{.last_pid = last_pid, .offset = settled_->offset, .time = now};
  std::vector<pid_t> found;
  source_.read_pids(mark.offset, [&](pid_t pid, off_t offset) {
    if (pid > last_pid) return false;
    found.push_back(pid);
    mark.offset = offset;
    return true;
  });
  std::vector<pid_t> all;
  all.reserve(pids_.size() + found.size());
  std::set_union(pids_.begin(), pids_.end(), found.begin(), found.end(), std::back_inserter(all));
  pids_ = std::move(all);
  return mark;
}

}  // namespace topnet::proc
