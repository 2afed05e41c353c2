// A window over a simulated kernel.
#pragma once

#include <chrono>

#include "proc/pid_list.h"
#include "proc/window.h"
#include "support/simulated_kernel.h"

namespace topnet::test {

struct WindowFixture {
  explicit WindowFixture(std::uint64_t pid_limit = 32768) : kernel(pid_limit) {}

  SimulatedKernel kernel;
  proc::PidList pids{kernel};
  proc::Clocks clocks = proc::Clocks::Use;
  proc::Baseline baseline;

  void open() { baseline = proc::open_window(kernel, pids, clocks); }

  // `length` is the simulated time between opening and closing.
  proc::CpuUsage close(std::chrono::seconds length = std::chrono::seconds(1000)) {
    baseline.opened -= length;
    return proc::close_window(kernel, pids, clocks, baseline);
  }

  // The same, and opens the next window.
  proc::CpuUsage roll(std::chrono::seconds length = std::chrono::seconds(1000)) {
    baseline.opened -= length;
    return proc::roll_window(kernel, pids, clocks, baseline);
  }
};

inline std::uint64_t exited_in(const proc::CpuUsage& usage) {
  std::uint64_t ticks = 0;
  for (const proc::ExitedChildren& each : *usage.exited) ticks += each.ticks;
  return ticks;
}

}  // namespace topnet::test
