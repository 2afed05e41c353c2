// A window in a simulated kernel.
#pragma once

#include <chrono>

#include "proc/pid_list.h"
#include "proc/window.h"
#include "support/simulated_kernel.h"

namespace topnet::test {

struct WindowTrial {
  explicit WindowTrial(std::uint64_t pid_limit = 32768) : kernel(pid_limit) {}

  SimulatedKernel kernel;
  proc::PidList pids{kernel};
  proc::Clocks clocks = proc::Clocks::Ask;
  proc::Baseline baseline;

  void open() { baseline = proc::open_window(kernel, pids, clocks); }

  // What happened in between took no time here; `length` is what it stands for.
  proc::Usage close(std::chrono::seconds length = std::chrono::seconds(1000)) {
    baseline.opened -= length;
    return proc::close_window(kernel, pids, clocks, baseline);
  }

  // The same, and the next one is open.
  proc::Usage roll(std::chrono::seconds length = std::chrono::seconds(1000)) {
    baseline.opened -= length;
    return proc::roll_window(kernel, pids, clocks, baseline);
  }
};

inline std::uint64_t ended_in(const proc::Usage& usage) {
  std::uint64_t ticks = 0;
  for (const proc::EndedChildren& each : *usage.ended) ticks += each.ticks;
  return ticks;
}

}  // namespace topnet::test
