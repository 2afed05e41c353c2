#include "proc/cpu_times.h"

#include <algorithm>
#include <array>

#include "proc/number.h"
#include "proc/text.h"

namespace topnet::proc {
namespace {

// The sum of all CPUs: user, nice, system, idle, iowait, irq, softirq, and more. Old kernels, and
// fixtures, have fewer; those count as 0.
std::optional<CpuTimes> parse_sum(std::string_view figures) {
  figures.remove_prefix(std::min(figures.find_first_not_of(' '), figures.size()));
  if (figures.empty()) return std::nullopt;
  std::array<std::uint64_t, 7> ticks{};
  for (std::uint64_t& each : ticks) {
    if (figures.empty()) break;
    const auto number = parse_number<std::uint64_t>(take_until(figures, " "));
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
    std::string_view figures = take_until(text, "\n");
    const std::string_view key = take_until(figures, " ");
    if (key == "cpu") {
      times = parse_sum(figures);
    } else if (times && key.starts_with("cpu") && parse_number<std::uint32_t>(key.substr(3))) {
      ++times->cpus;
    } else if (times && key == "processes") {
      times->forks = parse_number<std::uint64_t>(figures);
    }
  }
  return times;
}

}  // namespace topnet::proc
