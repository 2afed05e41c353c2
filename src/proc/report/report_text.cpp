// The text form of a report.

#include <fmt/format.h>

#include <cmath>

#include "proc/report/report.h"

namespace topnet::proc {
namespace {

std::string window_line(const std::optional<std::chrono::milliseconds>& window) {
  if (!window) return "since start";
  return fmt::format("{}.{:03} s", window->count() / 1000, window->count() % 1000);
}

// In percent. A value that rounds to 0.0 has no sign.
double share(double ticks, std::uint64_t busy_ticks) {
  if (busy_ticks == 0) return 0;
  const double percent = 100 * ticks / static_cast<double>(busy_ticks);
  return std::abs(percent) < 0.05 ? 0 : percent;
}

double to_seconds(std::uint64_t ticks, std::uint32_t ticks_per_second) {
  return static_cast<double>(ticks) / ticks_per_second;
}

// "9.08 s busy = 5.1% listed + 33.9% other processes + 46.3% exited processes + 0.1% interrupts +
// 14.6% unexplained". Each share is rounded on its own. A negative last share is subtracted: "-
// 0.5% unexplained". If the time of exited processes is unknown, the line ends with "+ 60.9% exited
// or unexplained".
std::string cpu_line(const Accounting& accounting, std::uint32_t ticks_per_second) {
  const auto percent = [&](auto ticks) {
    return share(static_cast<double>(ticks), accounting.busy_ticks);
  };
  std::string line = fmt::format("{:.2f} s busy = {:.1f}% listed + {:.1f}% other processes",
                                 to_seconds(accounting.busy_ticks, ticks_per_second),
                                 percent(accounting.listed_ticks), percent(accounting.other_ticks));
  if (accounting.exited_ticks) {
    line += fmt::format(" + {:.1f}% exited processes", percent(*accounting.exited_ticks));
  }
  const double rest = percent(accounting.unexplained_ticks);
  return line + fmt::format(" + {:.1f}% interrupts {} {:.1f}% {}unexplained",
                            percent(accounting.interrupt_ticks), rest < 0 ? '-' : '+',
                            std::abs(rest), accounting.exited_ticks ? "" : "exited or ");
}

// "3.91 s children of make (812); 0.28 s children of bash (90)"
std::string exited_line(const std::vector<ExitedChildren>& parents,
                        std::uint32_t ticks_per_second) {
  std::string line;
  for (const ExitedChildren& parent : parents) {
    line += fmt::format("{}{:.2f} s children of {} ({})", line.empty() ? "" : "; ",
                        to_seconds(parent.ticks, ticks_per_second), parent.name, parent.pid);
  }
  return line;
}

}  // namespace

std::string to_text(const Report& report) {
  fmt::memory_buffer out;
  const auto line = [&out](fmt::string_view format, const auto&... values) {
    fmt::vformat_to(fmt::appender(out), format, fmt::make_format_args(values...));
    out.push_back('\n');
  };
  line("# topnet report 1");
  if (report.host.name) line("# host: {}", *report.host.name);
  line("# time: {}", base::format_time(report.time));
  line("# window: {}", window_line(report.window));
  line("# clock ticks per second: {}", report.clock_ticks_per_second);
  line("# processes: {} seen, {} listed", report.processes_seen, report.processes.size());
  if (report.accounting) {
    const std::uint32_t ticks = report.clock_ticks_per_second;
    line("# cpu: {}", cpu_line(*report.accounting, ticks));
    const auto& parents = report.accounting->exited_by_parent;
    if (!parents.empty()) line("# exited: {}", exited_line(parents, ticks));
  }
  if (report.steal_ticks.value_or(0) > 0) {
    line("# steal: {:.2f} s", to_seconds(*report.steal_ticks, report.clock_ticks_per_second));
  }
  if (report.cpu_limit) line("# cpu limit: {:.2f} CPUs", *report.cpu_limit);
  if (report.hidden) line("# visibility: {}", *report.hidden);
  line("    PID      USER    SYSTEM     TOTAL  NAME");
  for (const Process& process : report.processes) {
    // The blanks are not part of the widths, so that wide numbers stay apart.
    line("{:>7} {:>9} {:>9} {:>9}  {}", process.pid, process.user_ticks, process.system_ticks,
         process.cpu_ticks(), process.name);
  }
  return fmt::to_string(out);
}

}  // namespace topnet::proc
