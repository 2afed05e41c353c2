#include "proc/pid_list.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace topnet::proc {
namespace {

using namespace std::chrono_literals;

// A pid is given out before its process can be seen in the folder; so long after that, it can.
constexpr auto kSettleTime = 100ms;
// A process may have been given a pid of choice (clone3(2), set_tid), out of all order. It stays
// unseen so long at most.
constexpr auto kWalkAgain = 10s;

}  // namespace

const std::vector<pid_t>& PidList::update(std::optional<std::uint64_t> forks,
                                          Clock::time_point now) {
  // Asked before the folder is read: what is given out meanwhile belongs to the next update.
  const auto last_pid = forks ? source_.read_last_pid() : std::nullopt;
  if (!last_pid || has_started_over(*last_pid, *forks)) {
    settled_.reset();
    recent_.reset();
  }
  last_pid_ = last_pid.value_or(0);
  forks_ = forks.value_or(0);

  const bool must_walk = !settled_ || now - walked_ >= kWalkAgain;
  if (!must_walk && settled_->last_pid == last_pid_) return pids_;
  const Mark mark = must_walk ? walk(last_pid_, now) : read_new_ones(last_pid_, now);
  if (!recent_) {
    recent_ = mark;
  } else if (now - recent_->time >= kSettleTime) {
    // What was missing the last time has been looked for once more just now.
    settled_ = std::exchange(recent_, mark);
  }
  return pids_;
}

void PidList::remove(const std::vector<pid_t>& vanished) {
  if (vanished.empty()) return;
  std::vector<pid_t> left;
  left.reserve(pids_.size());
  std::set_difference(pids_.begin(), pids_.end(), vanished.begin(), vanished.end(),
                      std::back_inserter(left));
  pids_ = std::move(left);
}

// Pids begin anew from the smallest once the largest has been given out: then new ones may be
// anywhere.
bool PidList::has_started_over(pid_t last_pid, std::uint64_t forks) {
  if (last_pid < last_pid_ || forks < forks_) return true;
  const std::uint64_t started = forks - forks_;
  // An eighth of them, since pids that are in use, by threads too, are passed over: a round of pids
  // takes fewer than there are. The smallest limit that can be set is 301.
  return started > 301 / 8 && started > source_.read_pid_limit() / 8;
}

PidList::Mark PidList::walk(pid_t last_pid, Clock::time_point now) {
  Mark mark{.last_pid = last_pid, .offset = 0, .time = now};
  pids_.clear();
  source_.read_pids(0, [&](pid_t pid, off_t at) {
    pids_.push_back(pid);
    if (pid <= last_pid) mark.offset = at;
    return true;
  });
  // A copy of a proc file system has no order.
  if (!std::is_sorted(pids_.begin(), pids_.end())) std::sort(pids_.begin(), pids_.end());
  ++walks_;
  walked_ = now;
  return mark;
}

PidList::Mark PidList::read_new_ones(pid_t last_pid, Clock::time_point now) {
  Mark mark{.last_pid = last_pid, .offset = settled_->offset, .time = now};
  std::vector<pid_t> found;
  source_.read_pids(mark.offset, [&](pid_t pid, off_t at) {
    if (pid > last_pid) return false;
    found.push_back(pid);
    mark.offset = at;
    return true;
  });
  std::vector<pid_t> all;
  all.reserve(pids_.size() + found.size());
  std::set_union(pids_.begin(), pids_.end(), found.begin(), found.end(), std::back_inserter(all));
  pids_ = std::move(all);
  return mark;
}

}  // namespace topnet::proc
