// The unit of stat's times.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdint>

namespace topnet::proc {

// An ABI constant of the kernel: 100 on all architectures of Debian. So it is also valid for a copy
// of another machine's /proc.
inline std::uint32_t clock_ticks_per_second() {
  return static_cast<std::uint32_t>(::sysconf(_SC_CLK_TCK));
}

inline std::chrono::nanoseconds clock_tick() {
  return std::chrono::nanoseconds(std::chrono::seconds(1)) / clock_ticks_per_second();
}

}  // namespace topnet::proc
