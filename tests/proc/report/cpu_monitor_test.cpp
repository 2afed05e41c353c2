#include "proc/report/cpu_monitor.h"

#include <atomic>
#include <cerrno>
#include <system_error>
#include <thread>

#include "support/catch.h"
#include "support/proc_tree.h"
#include "support/simulated_kernel.h"

using topnet::proc::Accounting;
using topnet::proc::CpuMonitor;
using topnet::proc::MonitorOptions;
using topnet::proc::MonitorSnapshot;
using topnet::proc::ScanMode;
using topnet::proc::WindowStats;
using topnet::test::kTick;
using topnet::test::ProcTree;
using topnet::test::SimulatedKernel;
using namespace std::chrono_literals;

namespace {

// A monitor of a simulated kernel. In every eighth reading a process runs, and another one exits.
struct MonitorFixture {
  ProcTree tree;
  std::unique_ptr<SimulatedKernel> owned = std::make_unique<SimulatedKernel>();
  SimulatedKernel& kernel = *owned;
  std::atomic<int> readings = 0;
  std::atomic<bool> is_broken = false;
  std::optional<CpuMonitor> monitor;

  explicit MonitorFixture(MonitorOptions options, bool starts_broken = false)
      : is_broken(starts_broken) {
    const pid_t busy = kernel.fork(SimulatedKernel::kInit, "busy");
    kernel.before_cpu_times = [this, busy] {
      ++readings;
      if (is_broken) throw std::system_error(EMFILE, std::generic_category(), "no descriptors");
      if (readings % 8 != 0) return;
      kernel.run(busy, 3 * kTick, kTick);
      kernel.interrupt(kTick);
      const pid_t brief = kernel.fork(SimulatedKernel::kInit, "brief");
      kernel.run(brief, 2 * kTick);
      kernel.end(brief);
    };
    monitor.emplace(std::move(owned), tree.root(), ScanMode::Clocks, options);
  }

  std::shared_ptr<const MonitorSnapshot> wait_for(
      const std::function<bool(const MonitorSnapshot&)>& condition) {
    for (;;) {
      const auto snapshot = monitor->latest();
      if (snapshot && condition(*snapshot)) return snapshot;
      std::this_thread::yield();
    }
  }
};

}  // namespace

TEST_CASE("CpuMonitor: the snapshot's report is of the last window", "[cpu_monitor]") {
  MonitorFixture fixture({.first_interval = 1ms, .active_interval = 1ms});
  const auto snapshot =
      fixture.wait_for([](const MonitorSnapshot& each) { return each.history.size() > 3; });
  REQUIRE(snapshot->report.window);
  CHECK_FALSE(snapshot->report.processes.empty());
  const WindowStats& last = snapshot->history.back();
  CHECK(last.time == snapshot->report.time);
  CHECK(last.length == snapshot->report.window);
  REQUIRE(snapshot->report.accounting);
  REQUIRE(last.accounting);
  CHECK(last.accounting->busy_ticks == snapshot->report.accounting->busy_ticks);
  CHECK(last.accounting->exited_by_parent.empty());
  CHECK(snapshot->monitor_cost > 0);
}

TEST_CASE("CpuMonitor: the parts of each window add up, exited ones included", "[cpu_monitor]") {
  // Long enough for a process to run and exit within a window.
  MonitorFixture fixture({.first_interval = 20ms, .active_interval = 20ms});
  const auto snapshot =
      fixture.wait_for([](const MonitorSnapshot& each) { return each.history.size() > 10; });
  std::uint64_t exited = 0;
  for (const WindowStats& window : snapshot->history) {
    REQUIRE(window.accounting);
    const Accounting& each = *window.accounting;
    exited += each.exited_ticks.value();
    CHECK(static_cast<std::int64_t>(each.busy_ticks) ==
          static_cast<std::int64_t>(each.listed_ticks + each.other_ticks + *each.exited_ticks +
                                    each.interrupt_ticks) +
              each.unexplained_ticks);
  }
  CHECK(exited > 0);
}

TEST_CASE("CpuMonitor: windows beyond the history length are dropped", "[cpu_monitor]") {
  MonitorFixture fixture({.first_interval = 1ms, .active_interval = 2ms, .history_length = 40ms});
  const auto first =
      fixture.wait_for([](const MonitorSnapshot& each) { return !each.history.empty(); });
  const auto snapshot = fixture.wait_for([&](const MonitorSnapshot& each) {
    return each.history.front().time > first->history.back().time + 100ms;
  });
  std::chrono::milliseconds length{0};
  for (const WindowStats& each : snapshot->history) length += each.length;
  CHECK(length >= 40ms);
  CHECK(length - snapshot->history.front().length < 40ms);
}

TEST_CASE("CpuMonitor: a failed reading is repeated after the interval", "[cpu_monitor]") {
  MonitorFixture fixture({.first_interval = 20ms}, true);
  while (fixture.readings < 3) std::this_thread::yield();
  CHECK_FALSE(fixture.monitor->latest());
  fixture.is_broken = false;
  while (!fixture.monitor->latest()) std::this_thread::yield();
}

TEST_CASE("CpuMonitor: a failed reading is not repeated before the interval", "[cpu_monitor]") {
  MonitorFixture fixture({.first_interval = 1h}, true);
  while (fixture.readings == 0) std::this_thread::yield();
  for (int i = 0; i < 1000; ++i) {
    fixture.monitor->latest();
    std::this_thread::yield();
  }
  CHECK(fixture.readings == 1);
}

TEST_CASE("CpuMonitor: an active viewer shortens the windows", "[cpu_monitor]") {
  MonitorFixture fixture(
      {.first_interval = 1ms, .active_interval = 1ms, .idle_interval = 1h, .viewer_timeout = 1h});
  fixture.wait_for([](const MonitorSnapshot& each) { return each.history.size() > 10; });
}

TEST_CASE("CpuMonitor: without an active viewer the idle interval applies", "[cpu_monitor]") {
  // With a timeout of 0 a viewer is never active.
  MonitorFixture fixture(
      {.first_interval = 1ms, .active_interval = 1ms, .idle_interval = 1h, .viewer_timeout = 0ms});
  const auto snapshot = fixture.wait_for([](const MonitorSnapshot&) { return true; });
  const int before = fixture.readings;
  for (int i = 0; i < 1000; ++i) {
    CHECK(fixture.monitor->latest() == snapshot);
    std::this_thread::yield();
  }
  CHECK(fixture.readings == before);
}
