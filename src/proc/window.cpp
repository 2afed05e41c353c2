#include "proc/window.h"

#include <algorithm>
#include <utility>

#include "base/timestamp.h"
#include "proc/clock_ticks.h"
#include "proc/exited_children.h"

namespace topnet::proc {
namespace {

using std::chrono::milliseconds;
using Entry = Snapshot::Entry;

constexpr int kMaxAttempts = 4;

std::optional<std::uint64_t> forks_of(const ProcessSource& source,
                                      const std::optional<CpuTimes>& machine) {
  return machine && source.has_clocks() ? machine->forks : std::nullopt;
}

// The figures of a process only grow. In a copy of /proc they may also fall.
std::uint64_t saturating_diff(std::uint64_t now, std::uint64_t before) {
  return now > before ? now - before : 0;
}

// Processes and machine, as close to one moment as possible.
struct ConsistentSnapshot {
  std::chrono::sys_time<std::chrono::milliseconds> time;
  std::chrono::steady_clock::time_point steady_time;
  Snapshot processes;
  std::optional<CpuTimes> machine;
};

CpuTimes midpoint(const CpuTimes& before, const CpuTimes& after) {
  CpuTimes times = after;
  times.busy_ticks = before.busy_ticks + saturating_diff(after.busy_ticks, before.busy_ticks) / 2;
  times.interrupt_ticks =
      before.interrupt_ticks + saturating_diff(after.interrupt_ticks, before.interrupt_ticks) / 2;
  return times;
}

// Reading all processes takes long, most of all on a busy machine. So processes that have run in
// the meantime are read again, which is fast, until the machine was almost idle during the reading.
ConsistentSnapshot read_consistently(ProcessSource& source, PidList& list, Clocks clocks,
                                     const std::vector<Entry>& earlier) {
  ConsistentSnapshot snapshot;
  for (int attempt = 1;; ++attempt) {
    snapshot.time = base::now();
    snapshot.steady_time = std::chrono::steady_clock::now();
    snapshot.machine = source.read_cpu_times();
    snapshot.processes = read_all(source, list, forks_of(source, snapshot.machine), clocks,
                                  attempt == 1 ? earlier : snapshot.processes.entries);
    const auto after = source.read_cpu_times();
    if (!snapshot.machine || !after) return snapshot;
    const bool was_almost_idle =
        saturating_diff(after->busy_ticks, snapshot.machine->busy_ticks) <= after->cpus.value_or(1);
    // Without clocks, another attempt would read everything and take as long.
    if (was_almost_idle || clocks == Clocks::Ignore || attempt == kMaxAttempts) {
      snapshot.machine = midpoint(*snapshot.machine, *after);
      return snapshot;
    }
  }
}

bool is_same(const Process& a, const Process& b) {
  return a.pid == b.pid && a.start_time_ticks == b.start_time_ticks;
}

// The use of a process since it was `before`, which is null if it was not read. All time of a new
// process counts, unless it is more than `max_ticks`: then the process existed before, unread.
Process used_since(const Process* before, const Process& now,
                   std::optional<std::uint64_t> max_ticks) {
  Process used = now;
  if (before == nullptr || !is_same(*before, now)) {
    if (max_ticks && now.cpu_ticks() > *max_ticks) used.user_ticks = used.system_ticks = 0;
    return used;
  }
  used.user_ticks = saturating_diff(now.user_ticks, before->user_ticks);
  used.system_ticks = saturating_diff(now.system_ticks, before->system_ticks);
  used.children_ticks = saturating_diff(now.children_ticks, before->children_ticks);
  // exited_inside() needs the parent at the opening. An adopter is an ancestor of that parent.
  used.parent = before->parent;
  return used;
}

// The growth of a counter. One that fell is not known: the kernel has started to count anew.
std::optional<std::uint64_t> growth(const std::optional<std::uint64_t>& now,
                                    const std::optional<std::uint64_t>& before) {
  if (!now || !before || *now < *before) return std::nullopt;
  return *now - *before;
}

std::optional<CpuTimes> growth(const std::optional<CpuTimes>& now,
                               const std::optional<CpuTimes>& before) {
  if (!now || !before) return std::nullopt;
  const auto busy = growth(now->busy_ticks, before->busy_ticks);
  const auto interrupts = growth(now->interrupt_ticks, before->interrupt_ticks);
  if (!busy || !interrupts) return std::nullopt;
  return CpuTimes{.busy_ticks = *busy,
                  .interrupt_ticks = *interrupts,
                  .steal_ticks = growth(now->steal_ticks, before->steal_ticks),
                  .cpus = now->cpus,
                  .forks = now->forks};
}

// The ticks that all CPUs had, and a quarter more because the kernel's figures are not exact.
// Impossible growth is far larger, such as hours of a child that no scan had read.
std::optional<std::uint64_t> max_ticks_in(std::chrono::nanoseconds length,
                                          const std::optional<std::uint32_t>& cpus) {
  if (!cpus) return std::nullopt;
  const auto ticks = static_cast<std::uint64_t>(length / clock_tick()) + 2;
  return *cpus * (ticks + ticks / 4);
}

Baseline baseline_of(ConsistentSnapshot snapshot) {
  return {.time = snapshot.time,
          .opened = snapshot.steady_time,
          .entries = std::move(snapshot.processes.entries),
          .machine = snapshot.machine};
}

CpuUsage used_between(const Baseline& baseline, const ConsistentSnapshot& closing) {
  using namespace std::chrono;
  const Snapshot& now = closing.processes;
  const auto length = round<milliseconds>(closing.steady_time - baseline.opened);

  CpuUsage usage{.time = baseline.time, .window = length};
  usage.seen = now.entries.size();
  usage.unreadable = now.unreadable;
  usage.processes.reserve(now.entries.size());
  usage.machine = growth(closing.machine, baseline.machine);
  if (closing.machine) usage.cpus = closing.machine->cpus;
  // Measured until now, because the last processes were read after steady_time.
  const auto max_ticks = max_ticks_in(steady_clock::now() - baseline.opened, usage.cpus);
  std::vector<Process> vanished;
  const auto record_vanished = [&](const Entry& entry) { vanished.push_back(entry.process); };
  SnapshotCursor cursor(baseline.entries);
  for (const Entry& entry : now.entries) {
    const Entry* const before = cursor.find(entry.process.pid, record_vanished);
    // The pid was reused.
    if (before != nullptr && !is_same(before->process, entry.process)) record_vanished(*before);
    usage.processes.push_back(
        used_since(before ? &before->process : nullptr, entry.process, max_ticks));
    usage.live_ticks += usage.processes.back().cpu_ticks();
  }
  cursor.finish(record_vanished);
  usage.exited = exited_inside(usage.processes, vanished, max_ticks);
  return usage;
}

}  // namespace

Baseline open_window(ProcessSource& source, PidList& pids, Clocks clocks) {
  const Snapshot first =
      read_all(source, pids, forks_of(source, source.read_cpu_times()), clocks, {});
  return baseline_of(read_consistently(source, pids, clocks, first.entries));
}

CpuUsage close_window(ProcessSource& source, PidList& pids, Clocks clocks,
                      const Baseline& baseline) {
  return used_between(baseline, read_consistently(source, pids, clocks, baseline.entries));
}

CpuUsage roll_window(ProcessSource& source, PidList& pids, Clocks clocks, Baseline& baseline) {
  ConsistentSnapshot closing = read_consistently(source, pids, clocks, baseline.entries);
  CpuUsage usage = used_between(baseline, closing);
  baseline = baseline_of(std::move(closing));
  return usage;
}

}  // namespace topnet::proc
