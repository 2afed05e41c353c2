#include "proc/accounting.h"

#include <algorithm>

namespace topnet::proc {
namespace {

constexpr std::ptrdiff_t kMostParents = 5;

}  // namespace

std::optional<double> Accounting::explained_ratio() const {
  if (busy_ticks == 0 || !ended_ticks) return std::nullopt;
  const auto busy = static_cast<double>(busy_ticks);
  return (busy - static_cast<double>(unexplained_ticks)) / busy;
}

std::optional<Accounting> account_for(const Usage& usage, const std::vector<Process>& listed) {
  if (!usage.machine) return std::nullopt;
  Accounting result{.busy_ticks = usage.machine->busy_ticks,
                    .interrupt_ticks = usage.machine->interrupt_ticks};
  for (const Process& process : listed) result.listed_ticks += process.cpu_ticks();
  // Clocks were asked a moment before the listed processes were read.
  result.other_ticks = usage.live_ticks - std::min(usage.live_ticks, result.listed_ticks);
  if (usage.ended) {
    result.ended_ticks = 0;
    for (const EndedChildren& each : *usage.ended) *result.ended_ticks += each.ticks;
  }
  // Without signs until the end, since the sums of forged figures overflow.
  result.unexplained_ticks =
      static_cast<std::int64_t>(result.busy_ticks - result.listed_ticks - result.other_ticks -
                                result.interrupt_ticks - result.ended_ticks.value_or(0));
  if (!usage.ended) return result;
  const auto parents = std::min<std::ptrdiff_t>(std::ssize(*usage.ended), kMostParents);
  result.ended_by_parent.assign(usage.ended->begin(), usage.ended->begin() + parents);
  return result;
}

}  // namespace topnet::proc
