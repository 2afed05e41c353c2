#include "proc/clock_scan.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <utility>

namespace topnet::proc {
namespace {

// utime and stime are each cut to whole ticks.
constexpr std::uint64_t kMostTicksCut = 2;

struct Clock {
  std::uint64_t ticks;  // whole ones
  pid_t pid;

  friend bool operator<(const Clock& a, const Clock& b) { return a.ticks < b.ticks; }
};

// What a process must have used to be among the N busiest of those seen so far.
class Threshold {
 public:
  explicit Threshold(const Wish& wish) : wish_(wish) {}

  void see(const Process& process) {
    best_.push(ticks_by(wish_.key, process));
    if (best_.size() > wish_.count) best_.pop();
  }

  // Equals count: among them the older process comes first.
  bool can_be_reached_with(std::uint64_t ticks) const {
    return best_.size() < wish_.count || ticks >= best_.top();
  }

 private:
  Wish wish_;
  std::priority_queue<std::uint64_t, std::vector<std::uint64_t>, std::greater<>> best_;
};

class ClockScanner {
 public:
  ClockScanner(Source& source, const std::vector<Wish>& wishes, std::chrono::nanoseconds tick)
      : source_(source),
        tick_(static_cast<std::uint64_t>(tick.count())),
        thresholds_(wishes.begin(), wishes.end()) {}

  std::optional<ClockScan> run(const std::vector<pid_t>& pids) {
    ask_clocks(pids);
    std::make_heap(clocks_.begin(), clocks_.end());
    while (!clocks_.empty() && is_wanted(clocks_.front().ticks)) {
      std::pop_heap(clocks_.begin(), clocks_.end());
      const Clock clock = clocks_.back();
      clocks_.pop_back();
      if (!read_candidate(clock)) return std::nullopt;
    }
    return std::move(result_);
  }

 private:
  void ask_clocks(const std::vector<pid_t>& pids) {
    clocks_.reserve(pids.size());
    std::uint64_t nanoseconds = 0;
    // Our own process will most likely be read. The kernel adds up the times of all its threads for
    // every clock and every stat, and a server has thousands: its stat alone has to do.
    const std::optional<pid_t> self = source_.own_pid();
    for (const pid_t pid : pids) {
      if (const auto clock = pid == self ? std::nullopt : source_.read_clock(pid)) {
        clocks_.push_back({.ticks = *clock / tick_, .pid = pid});
        nanoseconds += *clock;
      } else {
        read_without_clock(pid);
      }
    }
    result_.live_ticks += nanoseconds / tick_;
    result_.seen += clocks_.size();
  }

  void read_without_clock(pid_t pid) {
    Source::Stat stat = source_.read_stat(pid);
    if (stat.process) {
      result_.live_ticks += stat.process->cpu_ticks();
      ++result_.seen;
      take(std::move(*stat.process));
    } else if (stat.is_unreadable) {
      ++result_.unreadable;
    } else {
      result_.vanished.push_back(pid);
    }
  }

  bool is_wanted(std::uint64_t ticks) const {
    return std::any_of(thresholds_.begin(), thresholds_.end(), [&](const Threshold& threshold) {
      return threshold.can_be_reached_with(ticks);
    });
  }

  // False where its clock and its stat do not agree.
  bool read_candidate(const Clock& before) {
    Source::Stat stat = source_.read_stat(before.pid);
    if (stat.process && !agrees(*stat.process, before.ticks)) {
      // Its pid may have gone to another process since its clock was asked.
      const auto again = source_.read_clock(before.pid);
      stat = source_.read_stat(before.pid);
      if (again && stat.process && !agrees(*stat.process, *again / tick_)) return false;
    }
    if (stat.process) {
      take(std::move(*stat.process));
    } else {
      --result_.seen;
      result_.live_ticks -= std::min(result_.live_ticks, before.ticks);
      if (stat.is_unreadable) ++result_.unreadable;
    }
    return true;
  }

  bool agrees(const Process& process, std::uint64_t ticks_before) {
    const std::uint64_t ticks = process.cpu_ticks();
    if (ticks + kMostTicksCut < ticks_before) return false;
    const auto after = source_.read_clock(process.pid);
    return !after || ticks <= *after / tick_;
  }

  void take(Process process) {
    for (Threshold& threshold : thresholds_) threshold.see(process);
    result_.processes.push_back(std::move(process));
  }

  Source& source_;
  std::uint64_t tick_;  // in nanoseconds
  std::vector<Threshold> thresholds_;
  std::vector<Clock> clocks_;
  ClockScan result_;
};

}  // namespace

std::optional<ClockScan> scan_by_clock(Source& source, const std::vector<pid_t>& pids,
                                       const std::vector<Wish>& wishes,
                                       std::chrono::nanoseconds tick) {
  return ClockScanner(source, wishes, tick).run(pids);
}

}  // namespace topnet::proc
