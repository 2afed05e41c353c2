#include "proc/clock_scan.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <utility>

namespace topnet::proc {
namespace {

// utime and stime are each truncated to whole ticks.
constexpr std::uint64_t kMaxTruncatedTicks = 2;

struct ClockReading {
  std::uint64_t ticks;  // truncated
  pid_t pid;

  friend bool operator<(const ClockReading& a, const ClockReading& b) { return a.ticks < b.ticks; }
};

// The ticks that a process needs to be among the N busiest of those read so far.
class Threshold {
 public:
  explicit Threshold(const RankingQuery& query) : query_(query) {}

  void add(const Process& process) {
    best_.push(ticks_by(query_.key, process));
    if (best_.size() > query_.count) best_.pop();
  }

  // True for equal ticks: among equals, the older process ranks first.
  bool is_reached_by(std::uint64_t ticks) const {
    return best_.size() < query_.count || ticks >= best_.top();
  }

 private:
  RankingQuery query_;
  std::priority_queue<std::uint64_t, std::vector<std::uint64_t>, std::greater<>> best_;
};

class ClockScanner {
 public:
  ClockScanner(ProcessSource& source, const std::vector<RankingQuery>& queries,
               std::chrono::nanoseconds tick)
      : source_(source),
        tick_(static_cast<std::uint64_t>(tick.count())),
        thresholds_(queries.begin(), queries.end()) {}

  std::optional<ClockScan> run(const std::vector<pid_t>& pids) {
    read_clocks(pids);
    std::make_heap(clocks_.begin(), clocks_.end());
    while (!clocks_.empty() && is_candidate(clocks_.front().ticks)) {
      std::pop_heap(clocks_.begin(), clocks_.end());
      const ClockReading clock = clocks_.back();
      clocks_.pop_back();
      if (!read_candidate(clock)) return std::nullopt;
    }
    return std::move(result_);
  }

 private:
  void read_clocks(const std::vector<pid_t>& pids) {
    clocks_.reserve(pids.size());
    std::uint64_t nanoseconds = 0;
    // Reads only the stat of this process. For each clock and stat the kernel adds up the times of
    // all threads, of which a server has thousands, and the stat will most likely be read anyway.
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
    ProcessSource::Stat stat = source_.read_stat(pid);
    if (stat.process) {
      result_.live_ticks += stat.process->cpu_ticks();
      ++result_.seen;
      add(std::move(*stat.process));
    } else if (stat.is_unreadable) {
      ++result_.unreadable;
    } else {
      result_.vanished.push_back(pid);
    }
  }

  bool is_candidate(std::uint64_t ticks) const {
    return std::any_of(thresholds_.begin(), thresholds_.end(),
                       [&](const Threshold& threshold) { return threshold.is_reached_by(ticks); });
  }

  // False if clock and stat do not agree.
  bool read_candidate(const ClockReading& before) {
    ProcessSource::Stat stat = source_.read_stat(before.pid);
    if (stat.process && !agrees(*stat.process, before.ticks)) {
      // Since its clock was read, another process may have got its pid.
      const auto again = source_.read_clock(before.pid);
      stat = source_.read_stat(before.pid);
      if (again && stat.process && !agrees(*stat.process, *again / tick_)) return false;
    }
    if (stat.process) {
      add(std::move(*stat.process));
    } else {
      --result_.seen;
      result_.live_ticks -= std::min(result_.live_ticks, before.ticks);
      if (stat.is_unreadable) ++result_.unreadable;
    }
    return true;
  }

  bool agrees(const Process& process, std::uint64_t ticks_before) {
    const std::uint64_t ticks = process.cpu_ticks();
    if (ticks + kMaxTruncatedTicks < ticks_before) return false;
    const auto after = source_.read_clock(process.pid);
    return !after || ticks <= *after / tick_;
  }

  void add(Process process) {
    for (Threshold& threshold : thresholds_) threshold.add(process);
    result_.processes.push_back(std::move(process));
  }

  ProcessSource& source_;
  std::uint64_t tick_;  // in nanoseconds
  std::vector<Threshold> thresholds_;
  std::vector<ClockReading> clocks_;
  ClockScan result_;
};

}  // namespace

std::optional<ClockScan> scan_by_clock(ProcessSource& source, const std::vector<pid_t>& pids,
                                       const std::vector<RankingQuery>& queries,
                                       std::chrono::nanoseconds tick) {
  return ClockScanner(source, queries, tick).run(pids);
}

}  // namespace topnet::proc
