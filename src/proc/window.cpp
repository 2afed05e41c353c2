#include "proc/window.h"

#include <algorithm>
#include <utility>

#include "proc/clock_ticks.h"
#include "proc/ended.h"

namespace topnet::proc {
namespace {

using std::chrono::milliseconds;
using Entry = Baseline::Entry;

// Walks the pids of a list and the entries of an earlier reading side by side; both are in rising
// order.
class EarlierEntries {
 public:
  explicit EarlierEntries(const std::vector<Entry>& entries)
      : next_(entries.begin()), end_(entries.end()) {}

  // The entry of `pid`, if it has one. Calls `pass` with those of smaller pids that were not asked
  // for.
  template <typename Pass>
  const Entry* find(pid_t pid, Pass pass) {
    for (; next_ != end_ && next_->process.pid < pid; ++next_) pass(*next_);
    return next_ != end_ && next_->process.pid == pid ? &*next_++ : nullptr;
  }

  template <typename Pass>
  void finish(Pass pass) {
    for (; next_ != end_; ++next_) pass(*next_);
  }

 private:
  std::vector<Entry>::const_iterator next_;
  std::vector<Entry>::const_iterator end_;
};

// Reads processes, and those that were read before only if they have run since.
class Reader {
 public:
  Reader(Source& source, Clocks clocks)
      : source_(source), asks_clocks_(clocks == Clocks::Ask && source.has_clocks()) {}

  // nullopt if there is no such process, or none that can be read.
  std::optional<Entry> read(pid_t pid, const Entry* earlier) {
    const auto clock = asks_clocks_ ? source_.read_clock(pid) : std::nullopt;
    if (earlier != nullptr && clock && clock == earlier->clock) return *earlier;
    Source::Stat stat = source_.read_stat(pid);
    if (stat.process) return Entry{.process = std::move(*stat.process), .clock = clock};
    if (stat.is_unreadable) {
      ++unreadable_;
    } else {
      vanished_.push_back(pid);
    }
    return std::nullopt;
  }

  const std::vector<pid_t>& vanished() const { return vanished_; }
  std::uint64_t unreadable() const { return unreadable_; }

 private:
  Source& source_;
  bool asks_clocks_;
  std::vector<pid_t> vanished_;
  std::uint64_t unreadable_ = 0;
};

std::optional<std::uint64_t> forks_of(const Source& source,
                                      const std::optional<CpuTimes>& machine) {
  return machine && source.has_clocks() ? machine->forks : std::nullopt;
}

// Every process there is; `earlier` is what is known of them.
std::vector<Entry> read_all(Source& source, PidList& list, const std::optional<CpuTimes>& machine,
                            Clocks clocks, const std::vector<Entry>& earlier) {
  const std::vector<pid_t>& pids = list.update(forks_of(source, machine));
  Reader reader(source, clocks);
  EarlierEntries known(earlier);
  std::vector<Entry> entries;
  entries.reserve(pids.size());
  const auto ignore = [](const Entry&) {};
  for (const pid_t pid : pids) {
    if (auto entry = reader.read(pid, known.find(pid, ignore)))
      entries.push_back(std::move(*entry));
  }
  list.remove(reader.vanished());
  return entries;
}

bool is_same(const Process& a, const Process& b) {
  return a.pid == b.pid && a.start_time_ticks == b.start_time_ticks;
}

// Figures of the kernel only grow, but a fixture's may do anything.
std::uint64_t growth(std::uint64_t now, std::uint64_t before) {
  return now > before ? now - before : 0;
}

// What became of the processes of a baseline.
class Comparison {
 public:
  // `before` is the process when the window opened; null if it was not there.
  void add(const Process& now, const Process* before) {
    Process used = now;
    std::uint64_t children_ticks = now.children_ticks;
    if (before != nullptr && is_same(*before, now)) {
      used.user_ticks = growth(now.user_ticks, before->user_ticks);
      used.system_ticks = growth(now.system_ticks, before->system_ticks);
      children_ticks = growth(now.children_ticks, before->children_ticks);
    } else if (before != nullptr) {
      changes.vanished.push_back(*before);  // its pid was given out anew
    }
    if (children_ticks > 0) {
      changes.growth.push_back({.pid = now.pid, .name = now.name, .ticks = children_ticks});
    }
    live_ticks += used.cpu_ticks();
    processes.push_back(std::move(used));
  }

  Changes changes;
  std::vector<Process> processes;
  std::uint64_t live_ticks = 0;
};

std::optional<CpuTimes> difference(const std::optional<CpuTimes>& now,
                                   const std::optional<CpuTimes>& before) {
  if (!now || !before) return std::nullopt;
  return CpuTimes{.busy_ticks = growth(now->busy_ticks, before->busy_ticks),
                  .interrupt_ticks = growth(now->interrupt_ticks, before->interrupt_ticks),
                  .cpus = now->cpus,
                  .forks = now->forks};
}

// A quarter more than the CPUs had time for: the kernel's figures are not as exact as the bound,
// and what is impossible is so by far, such as the hours of a child that nobody had seen.
std::optional<std::uint64_t> most_ticks(std::chrono::nanoseconds length,
                                        const std::optional<CpuTimes>& machine) {
  if (!machine || machine->cpus == 0) return std::nullopt;
  const auto ticks = static_cast<std::uint64_t>(length / clock_tick()) + 2;
  return machine->cpus * (ticks + ticks / 4);
}

}  // namespace

Baseline open_window(Source& source, PidList& pids, Clocks clocks) {
  const std::vector<Entry> first = read_all(source, pids, source.read_cpu_times(), clocks, {});
  using namespace std::chrono;
  Baseline baseline{.time = floor<milliseconds>(system_clock::now()),
                    .opened = steady_clock::now(),
                    .entries = {},
                    .machine = source.read_cpu_times()};
  baseline.entries = read_all(source, pids, baseline.machine, clocks, first);
  return baseline;
}

Usage close_window(Source& source, PidList& list, Clocks clocks, const Baseline& baseline) {
  using namespace std::chrono;
  const auto closed = steady_clock::now();
  const auto machine = source.read_cpu_times();
  const std::vector<pid_t>& pids = list.update(forks_of(source, machine));
  Reader reader(source, clocks);
  EarlierEntries known(baseline.entries);
  Comparison comparison;
  comparison.processes.reserve(pids.size());
  const auto note_vanished = [&](const Entry& entry) {
    comparison.changes.vanished.push_back(entry.process);
  };
  for (const pid_t pid : pids) {
    const Entry* const before = known.find(pid, note_vanished);
    if (const auto now = reader.read(pid, before)) {
      comparison.add(now->process, before ? &before->process : nullptr);
    } else if (before != nullptr) {
      note_vanished(*before);
    }
  }
  known.finish(note_vanished);
  list.remove(reader.vanished());

  Usage usage{.time = baseline.time,
              .window = duration_cast<milliseconds>(closed - baseline.opened)};
  usage.seen = comparison.processes.size();
  usage.unreadable = reader.unreadable();
  usage.live_ticks = comparison.live_ticks;
  usage.machine = difference(machine, baseline.machine);
  comparison.changes.live = comparison.processes;
  comparison.changes.most_ticks = most_ticks(steady_clock::now() - baseline.opened, usage.machine);
  usage.ended = ended_inside(std::move(comparison.changes));
  usage.processes = std::move(comparison.processes);
  return usage;
}

}  // namespace topnet::proc
