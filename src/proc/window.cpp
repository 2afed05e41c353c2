#include "proc/window.h"

#include <algorithm>
#include <utility>

#include "proc/clock_ticks.h"
#include "proc/ended.h"
#include "proc/time_text.h"

namespace topnet::proc {
namespace {

using std::chrono::milliseconds;
using Entry = Reading::Entry;

constexpr int kMostAttempts = 4;

std::optional<std::uint64_t> forks_of(const Source& source,
                                      const std::optional<CpuTimes>& machine) {
  return machine && source.has_clocks() ? machine->forks : std::nullopt;
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
  Moment moment;
  for (int attempt = 1;; ++attempt) {
    moment.time = now();
    moment.when = std::chrono::steady_clock::now();
    moment.machine = source.read_cpu_times();
    moment.reading = read_all(source, list, forks_of(source, moment.machine), clocks,
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

// What a process has used since it was `before`; null if it was not there. One that is new has all
// its time from since then, unless that is more than `most`: it had been there, and was not read.
Process used_since(const Process* before, const Process& now, std::optional<std::uint64_t> most) {
  Process used = now;
  if (before == nullptr || !is_same(*before, now)) {
    if (most && now.cpu_ticks() > *most) used.user_ticks = used.system_ticks = 0;
    return used;
  }
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

Baseline baseline_of(Moment moment) {
  return {.time = moment.time,
          .opened = moment.when,
          .entries = std::move(moment.reading.entries),
          .machine = moment.machine};
}

Usage used_between(const Baseline& baseline, const Moment& closing) {
  using namespace std::chrono;
  const Reading& now = closing.reading;
  const auto length = round<milliseconds>(closing.when - baseline.opened);

  Usage usage{.time = baseline.time, .window = length};
  usage.seen = now.entries.size();
  usage.unreadable = now.unreadable;
  usage.processes.reserve(now.entries.size());
  usage.machine = difference(closing.machine, baseline.machine);
  // Those that were read last have had a little longer.
  const auto most = most_ticks(steady_clock::now() - baseline.opened, usage.machine);
  std::vector<Process> vanished;
  const auto note_vanished = [&](const Entry& entry) { vanished.push_back(entry.process); };
  EntryWalk known(baseline.entries);
  for (const Entry& entry : now.entries) {
    const Entry* const before = known.find(entry.process.pid, note_vanished);
    // Where it is another one now, its pid was given out anew.
    if (before != nullptr && !is_same(before->process, entry.process)) note_vanished(*before);
    usage.processes.push_back(used_since(before ? &before->process : nullptr, entry.process, most));
    usage.live_ticks += usage.processes.back().cpu_ticks();
  }
  known.finish(note_vanished);
  usage.ended = ended_inside(usage.processes, vanished, most);
  return usage;
}

}  // namespace

Baseline open_window(Source& source, PidList& pids, Clocks clocks) {
  const Reading first =
      read_all(source, pids, forks_of(source, source.read_cpu_times()), clocks, {});
  return baseline_of(read_moment(source, pids, clocks, first.entries));
}

Usage close_window(Source& source, PidList& pids, Clocks clocks, const Baseline& baseline) {
  return used_between(baseline, read_moment(source, pids, clocks, baseline.entries));
}

Usage roll_window(Source& source, PidList& pids, Clocks clocks, Baseline& baseline) {
  Moment closing = read_moment(source, pids, clocks, baseline.entries);
  Usage usage = used_between(baseline, closing);
  baseline = baseline_of(std::move(closing));
  return usage;
}

}  // namespace topnet::proc
