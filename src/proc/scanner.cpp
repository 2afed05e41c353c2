#include "proc/scanner.h"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "base/timestamp.h"
#include "proc/clock_scan.h"
#include "proc/clock_ticks.h"
#include "proc/exited_children.h"
#include "proc/full_scan.h"

namespace topnet::proc {
namespace {

void require_processes(const CpuUsage& usage, const ProcessSource& source) {
  if (!usage.processes.empty()) return;
  throw std::runtime_error(
      usage.unreadable == 0
          ? fmt::format(
                "found no process under {}; it has to be a proc file system or a copy of one",
                source.name())
          : fmt::format("found {} processes under {}, none of which can be read", usage.unreadable,
                        source.name()));
}

CpuUsage usage_of_clock_scan(ClockScan found) {
  CpuUsage usage;
  usage.processes = std::move(found.processes);
  usage.seen = found.seen;
  usage.unreadable = found.unreadable;
  usage.live_ticks = found.live_ticks;
  return usage;
}

CpuUsage usage_of_full_scan(FullScan found) {
  CpuUsage usage;
  usage.exited = exited_children(found.processes);
  for (const Process& process : found.processes) usage.live_ticks += process.cpu_ticks();
  usage.seen = found.processes.size();
  usage.unreadable = found.unreadable;
  usage.processes = std::move(found.processes);
  return usage;
}

}  // namespace

Scanner::Scanner(std::unique_ptr<ProcessSource> source, ScanMode mode)
    : source_(std::move(source)), mode_(mode), pids_(*source_) {}

CpuUsage Scanner::since_start(const std::vector<RankingQuery>& queries) {
  const base::WallTime time = base::now();
  const auto machine = source_->read_cpu_times();
  const std::vector<pid_t>& pids =
      pids_.update(machine && source_->has_clocks() ? machine->forks : std::nullopt);
  std::optional<CpuUsage> usage;
  if (may_use_clocks()) {
    auto found = scan_by_clock(*source_, pids, queries, clock_tick());
    clocks_agree_ = found.has_value();
    if (found) {
      const std::vector<pid_t> vanished = std::move(found->vanished);
      usage = usage_of_clock_scan(std::move(*found));
      pids_.remove(vanished);
    }
  }
  if (!usage) {
    FullScan found = scan(*source_, pids);
    const std::vector<pid_t> vanished = std::move(found.vanished);
    usage = usage_of_full_scan(std::move(found));
    pids_.remove(vanished);
  }
  usage->time = time;
  usage->machine = machine;
  if (machine) usage->cpus = machine->cpus;
  require_processes(*usage, *source_);
  return std::move(*usage);
}

Baseline Scanner::open() { return open_window(*source_, pids_, clocks()); }

CpuUsage Scanner::close(const Baseline& baseline) {
  CpuUsage usage = close_window(*source_, pids_, clocks(), baseline);
  require_processes(usage, *source_);
  return usage;
}

CpuUsage Scanner::roll(Baseline& baseline) {
  CpuUsage usage = roll_window(*source_, pids_, clocks(), baseline);
  require_processes(usage, *source_);
  return usage;
}

bool Scanner::may_use_clocks() const { return mode_ == ScanMode::Clocks && source_->has_clocks(); }

}  // namespace topnet::proc
