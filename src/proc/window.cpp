#include "proc/window.h"

#include <algorithm>
#include <utility>

#include "proc/clock_ticks.h"
#include "proc/ended.h"

namespace topnet::proc {
namespace {

using std::chrono::milliseconds;
using Entry = Baseline::Entry;

constexpr int kMostAttempts = 4;

// Walks entries in rising order of pids, along with pids that come in the same order.
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
  Reader(Source& source, Clocks clocks, std::size_t expected)
      : source_(source), asks_clocks_(clocks == Clocks::Ask && source.has_clocks()) {
    entries_.reserve(expected);
  }

  void read(pid_t pid, const Entry* earlier) {
    const auto clock = asks_clocks_ ? source_.read_clock(pid) : std::nullopt;
    if (earlier != nullptr && clock && clock == earlier->clock) {
      entries_.push_back(*earlier);
      return;
    }
    Source::Stat stat = source_.read_stat(pid);
    if (stat.process) {
      entries_.push_back({.process = std::move(*stat.process), .clock = clock});
    } else if (stat.is_unreadable) {
      ++unreadable_;
    } else {
      vanished_.push_back(pid);
      if (earlier != nullptr) bereaved_.push_back(earlier->process.parent);
    }
  }

  // A process that vanished just now was there when its parent was read, perhaps. Its time has gone
  // to that one since, and must not be missing in both.
  void read_parents_of_vanished() {
    for (const pid_t pid : bereaved_) {
      const auto parent = std::lower_bound(
          entries_.begin(), entries_.end(), pid,
          [](const Entry& entry, pid_t other) { return entry.process.pid < other; });
      if (parent == entries_.end() || parent->process.pid != pid) continue;
      const auto clock = asks_clocks_ ? source_.read_clock(pid) : std::nullopt;
      Source::Stat stat = source_.read_stat(pid);
      if (stat.process) *parent = {.process = std::move(*stat.process), .clock = clock};
    }
  }

  std::vector<Entry> take_entries() { return std::move(entries_); }
  const std::vector<pid_t>& vanished() const { return vanished_; }
  std::uint64_t unreadable() const { return unreadable_; }

 private:
  Source& source_;
  bool asks_clocks_;
  std::vector<Entry> entries_;  // in the order of reading
  std::vector<pid_t> vanished_;
  std::vector<pid_t> bereaved_;  // parents of those that vanished
  std::uint64_t unreadable_ = 0;
};

std::optional<std::uint64_t> forks_of(const Source& source,
                                      const std::optional<CpuTimes>& machine) {
  return machine && source.has_clocks() ? machine->forks : std::nullopt;
}

struct Reading {
  std::vector<Entry> entries;  // in rising order of pids
  std::uint64_t unreadable = 0;
};

// Every process there is; `earlier` is what is known of them.
Reading read_all(Source& source, PidList& list, const std::optional<CpuTimes>& machine,
                 Clocks clocks, const std::vector<Entry>& earlier) {
  const std::vector<pid_t>& pids = list.update(forks_of(source, machine));
  Reader reader(source, clocks, pids.size());
  EarlierEntries known(earlier);
  for (const pid_t pid : pids) reader.read(pid, known.find(pid, [](const Entry&) {}));
  reader.read_parents_of_vanished();
  list.remove(reader.vanished());
  return {.entries = reader.take_entries(), .unreadable = reader.unreadable()};
}

// Figures of the kernel only grow, but a fixture's may do anything.
std::uint64_t growth(std::uint64_t now, std::uint64_t before) {
  return now > before ? now - before : 0;
}

// Everything at one moment, as nearly as it can be had.
struct Moment {
  std::chrono::sys_time<std::chrono::milliseconds> time;
  std::chrono::steady_clock::time_point when;
  Reading reading;
  std::optional<CpuTimes> machine;
};

// Halfway between two readings of the machine's figures.
CpuTimes middle(const CpuTimes& before, const CpuTimes& after) {
  CpuTimes times = after;
  times.busy_ticks = before.busy_ticks + growth(after.busy_ticks, before.busy_ticks) / 2;
  times.interrupt_ticks =
      before.interrupt_ticks + growth(after.interrupt_ticks, before.interrupt_ticks) / 2;
  return times;
}

// Reading takes its time, most of all on a machine that is busy, and all figures are to be of one
// moment. So what has run meanwhile is read again, which is quick, until the machine did next to
// nothing during that.
Moment read_moment(Source& source, PidList& list, Clocks clocks,
                   const std::vector<Entry>& earlier) {
  using namespace std::chrono;
  Moment moment;
  for (int attempt = 1;; ++attempt) {
    moment.time = floor<milliseconds>(system_clock::now());
    moment.when = steady_clock::now();
    moment.machine = source.read_cpu_times();
    moment.reading = read_all(source, list, moment.machine, clocks,
                              attempt == 1 ? earlier : moment.reading.entries);
    const auto after = source.read_cpu_times();
    if (!moment.machine || !after) return moment;
    const bool is_quick = growth(after->busy_ticks, moment.machine->busy_ticks) <= after->cpus;
    // Without clocks everything would be read again, which is not quick.
    if (is_quick || clocks == Clocks::Ignore || attempt == kMostAttempts) {
      moment.machine = middle(*moment.machine, *after);
      return moment;
    }
  }
}

bool is_same(const Process& a, const Process& b) {
  return a.pid == b.pid && a.start_time_ticks == b.start_time_ticks;
}

// What a process has used since it was `before`; null if it was not there.
Process used_since(const Process* before, const Process& now) {
  Process used = now;
  if (before == nullptr || !is_same(*before, now)) return used;
  used.user_ticks = growth(now.user_ticks, before->user_ticks);
  used.system_ticks = growth(now.system_ticks, before->system_ticks);
  used.children_ticks = growth(now.children_ticks, before->children_ticks);
  // Whoever has adopted it since is an ancestor of this one.
  used.parent = before->parent;
  return used;
}

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
  const Reading first = read_all(source, pids, source.read_cpu_times(), clocks, {});
  Moment opening = read_moment(source, pids, clocks, first.entries);
  return {.time = opening.time,
          .opened = opening.when,
          .entries = std::move(opening.reading.entries),
          .machine = opening.machine};
}

Usage close_window(Source& source, PidList& pids, Clocks clocks, const Baseline& baseline) {
  using namespace std::chrono;
  const Moment closing = read_moment(source, pids, clocks, baseline.entries);
  const Reading& now = closing.reading;
  const auto length = round<milliseconds>(closing.when - baseline.opened);

  Usage usage{.time = baseline.time, .window = length};
  usage.seen = now.entries.size();
  usage.unreadable = now.unreadable;
  usage.processes.reserve(now.entries.size());
  std::vector<Process> vanished;
  const auto note_vanished = [&](const Entry& entry) { vanished.push_back(entry.process); };
  EarlierEntries known(baseline.entries);
  for (const Entry& entry : now.entries) {
    const Entry* const before = known.find(entry.process.pid, note_vanished);
    // Where it is another one now, its pid was given out anew.
    if (before != nullptr && !is_same(before->process, entry.process)) note_vanished(*before);
    usage.processes.push_back(used_since(before ? &before->process : nullptr, entry.process));
    usage.live_ticks += usage.processes.back().cpu_ticks();
  }
  known.finish(note_vanished);
  usage.machine = difference(closing.machine, baseline.machine);
  // Those that were read last have had a little longer.
  const auto read_for = steady_clock::now() - baseline.opened;
  usage.ended = ended_inside(usage.processes, vanished, most_ticks(read_for, usage.machine));
  return usage;
}

}  // namespace topnet::proc
