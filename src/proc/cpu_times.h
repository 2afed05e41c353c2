// CPU times of the machine, from /proc/stat (proc(5)). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace topnet::proc {

struct CpuTimes {
  std::uint64_t busy_ticks = 0;       // user + nice + system + irq + softirq, of all CPUs
  std::uint64_t interrupt_ticks = 0;  // irq + softirq
  // Time in which the machine was ready to run, but its hypervisor ran another one.
  std::optional<std::uint64_t> steal_ticks;
  std::optional<std::uint32_t> cpus;   // online
  std::optional<std::uint64_t> forks;  // processes and threads started since boot
};

// Parses the contents of the file. nullopt if it has no line `cpu` with numbers.
std::optional<CpuTimes> parse_cpu_times(std::string_view text);

}  // namespace topnet::proc
