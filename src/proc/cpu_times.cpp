#include "proc/cpu_times.h"

#include <algorithm>
#include <array>

#include "base/parse_number.h"
#include "base/string_scan.h"

namespace topnet::proc {
namespace {

// Parses the line `cpu`: user, nice, system, idle, iowait, irq, softirq and more. Missing figures,
// as in old kernels and fixtures, count as 0.
std::optional<CpuTimes> parse_sum(std::string_view figures) {
  figures.remove_prefix(std::min(figures.find_first_not_of(' '), figures.size()));
  if (figures.empty()) return std::nullopt;
  std::array<std::uint64_t, 7> ticks{};
  for (std::uint64_t& each : ticks) {
    if (figures.empty()) break;
    const auto number = base::parse_number<std::uint64_t>(base::take_until(figures, " "));
    if (!number) return std::nullopt;
    each = *number;
  }
  const auto [user, nice, system, idle, iowait, irq, softirq] = ticks;
  return CpuTimes{.busy_ticks = user + nice + system + irq + softirq,
                  .interrupt_ticks = irq + softirq};
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
      ++times->cpus;
    } else if (times && key == "processes") {
      times->forks = base::parse_number<std::uint64_t>(figures);
    }
  }
  return times;
}

}  // namespace topnet::proc
