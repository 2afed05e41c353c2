#include "proc/scanner.h"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "proc/clock_scan.h"
#include "proc/clock_ticks.h"
#include "proc/ended.h"
#include "proc/scan.h"
#include "proc/time_text.h"

namespace topnet::proc {
namespace {

void require_processes(const Usage& usage, const Source& source) {
  if (!usage.processes.empty()) return;
  throw std::runtime_error(
      usage.unreadable == 0
          ? fmt::format(
                "found no process under {}; it has to be a proc file system or a copy of one",
                source.name())
          : fmt::format("found {} processes under {}, none of which can be read", usage.unreadable,
                        source.name()));
}

Usage by_clock(ClockScan found) {
  Usage usage;
  usage.processes = std::move(found.processes);
  usage.seen = found.seen;
  usage.unreadable = found.unreadable;
  usage.live_ticks = found.live_ticks;
  return usage;
}

Usage by_stat(Scan found) {
  Usage usage;
  usage.ended = ended_children(found.processes);
  for (const Process& process : found.processes) usage.live_ticks += process.cpu_ticks();
  usage.seen = found.processes.size();
  usage.unreadable = found.unreadable;
  usage.processes = std::move(found.processes);
  return usage;
}

}  // namespace

Scanner::Scanner(std::unique_ptr<Source> source, Method method)
    : source_(std::move(source)), method_(method), pids_(*source_) {}

Usage Scanner::since_start(const std::vector<Wish>& wishes) {
  const WallTime moment = now();
  const auto machine = source_->read_cpu_times();
  const std::vector<pid_t>& pids =
      pids_.update(machine && source_->has_clocks() ? machine->forks : std::nullopt);
  std::optional<Usage> usage;
  if (asks_clocks()) {
    if (auto found = scan_by_clock(*source_, pids, wishes, clock_tick())) {
      const std::vector<pid_t> vanished = std::move(found->vanished);
      usage = by_clock(std::move(*found));
      pids_.remove(vanished);
    } else {
      method_ = Method::Exhaustive;  // for good: these clocks do not say what stat says
    }
  }
  if (!usage) {
    Scan found = scan(*source_, pids);
    const std::vector<pid_t> vanished = std::move(found.vanished);
    usage = by_stat(std::move(found));
    pids_.remove(vanished);
  }
  usage->time = moment;
  usage->machine = machine;
  require_processes(*usage, *source_);
  return std::move(*usage);
}

Baseline Scanner::open() { return open_window(*source_, pids_, clocks()); }

Usage Scanner::close(const Baseline& baseline) {
  Usage usage = close_window(*source_, pids_, clocks(), baseline);
  require_processes(usage, *source_);
  return usage;
}

Usage Scanner::roll(Baseline& baseline) {
  Usage usage = roll_window(*source_, pids_, clocks(), baseline);
  require_processes(usage, *source_);
  return usage;
}

bool Scanner::asks_clocks() const { return method_ == Method::Fastest && source_->has_clocks(); }

}  // namespace topnet::proc
