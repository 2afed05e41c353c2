// What /proc/stat says of the whole machine (proc(5)). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace topnet::proc {

struct CpuTimes {
  std::uint64_t busy_ticks = 0;        // user + nice + system + irq + softirq, of all CPUs
  std::uint64_t interrupt_ticks = 0;   // irq + softirq of these
  std::uint32_t cpus = 0;              // those online
  std::optional<std::uint64_t> forks;  // processes and threads started since boot
};

// Parses the whole contents of the file. nullopt where it has no line `cpu` with numbers.
std::optional<CpuTimes> parse_cpu_times(std::string_view text);

}  // namespace topnet::proc
