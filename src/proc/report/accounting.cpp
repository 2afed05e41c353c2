#include "proc/report/accounting.h"

#include <algorithm>

namespace topnet::proc {
namespace {

constexpr std::ptrdiff_t kMaxParents = 5;

}  // namespace

std::optional<double> Accounting::explained_ratio() const {
  if (busy_ticks == 0 || !exited_ticks) return std::nullopt;
  const auto busy = static_cast<double>(busy_ticks);
  return (busy - static_cast<double>(unexplained_ticks)) / busy;
}

std::optional<Accounting> account_for(const CpuUsage& usage, const std::vector<Process>& listed) {
  if (!usage.machine) return std::nullopt;
  Accounting result{.busy_ticks = usage.machine->busy_ticks,
                    .interrupt_ticks = usage.machine->interrupt_ticks};
  for (const Process& process : listed) result.listed_ticks += process.cpu_ticks();
  // The clocks were read before the listed processes, so the list may have more ticks.
  result.other_ticks = usage.live_ticks - std::min(usage.live_ticks, result.listed_ticks);
  if (usage.exited) {
    result.exited_ticks = 0;
    for (const ExitedChildren& children : *usage.exited) *result.exited_ticks += children.ticks;
  }
  // Unsigned until the end: sums of forged figures may overflow.
  result.unexplained_ticks =
      static_cast<std::int64_t>(result.busy_ticks - result.listed_ticks - result.other_ticks -
                                result.interrupt_ticks - result.exited_ticks.value_or(0));
  if (!usage.exited) return result;
  const auto parents = std::min<std::ptrdiff_t>(std::ssize(*usage.exited), kMaxParents);
  result.exited_by_parent.assign(usage.exited->begin(), usage.exited->begin() + parents);
  return result;
}

}  // namespace topnet::proc
