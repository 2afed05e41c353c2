#include "proc/cpu_times.h"

#include <algorithm>
#include <array>

#include "base/parse_number.h"
#include "base/string_scan.h"

namespace topnet::proc {
namespace {

// Parses the line `cpu`: user, nice, system, idle, iowait, irq, softirq, steal and more. A kernel
// without one of the first seven counts its time in another of them.
std::optional<CpuTimes> parse_sum(std::string_view figures) {
  figures.remove_prefix(std::min(figures.find_first_not_of(' '), figures.size()));
  if (figures.empty()) return std::nullopt;
  std::array<std::optional<std::uint64_t>, 8> ticks;
  for (auto& each : ticks) {
    if (figures.empty()) break;
    each = base::parse_number<std::uint64_t>(base::take_until(figures, " "));
    if (!each) return std::nullopt;
  }
  const auto [user, nice, system, idle, iowait, irq, softirq, steal] = ticks;
  const std::uint64_t interrupts = irq.value_or(0) + softirq.value_or(0);
  return CpuTimes{
      .busy_ticks = user.value_or(0) + nice.value_or(0) + system.value_or(0) + interrupts,
      .interrupt_ticks = interrupts,
      .steal_ticks = steal};
}

}  // namespace

std::optional<CpuTimes> parse_cpu_times(std::string_view text) {
  std::optional<CpuTimes> times;
  while (!text.empty()) {
    std::string_view figures = base::take_until(text, "\n");
    const std::string_view key = base::take_until(figures, " ");
    if (key == "cpu") {
      times = parse_sum(figures);
    } else if (times && key.starts_with("cpu") &&
               base::parse_number<std::uint32_t>(key.substr(3))) {
      times->cpus = times->cpus.value_or(0) + 1;
    } else if (times && key == "processes") {
      times->forks = base::parse_number<std::uint64_t>(figures);
    }
  }
  return times;
}

}  // namespace topnet::proc
