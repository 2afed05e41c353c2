#include "proc/window.h"

#include <utility>

#include "support/catch.h"
#include "support/window_fixture.h"

using topnet::proc::Baseline;
using topnet::proc::Clocks;
using topnet::proc::CpuUsage;
using topnet::proc::ExitedChildren;
using topnet::proc::Process;
using topnet::test::exited_in;
using topnet::test::kInit;
using topnet::test::kTick;
using topnet::test::SimulatedKernel;
using topnet::test::WindowFixture;
using namespace std::chrono_literals;

namespace {

const Process& process_in(const CpuUsage& usage, pid_t pid) {
  for (const Process& each : usage.processes) {
    if (each.pid == pid) return each;
  }
  FAIL("no process " << pid);
  throw std::logic_error("not reached");
}

}  // namespace

TEST_CASE("Window: time before the window does not count", "[window]") {
  WindowFixture fixture;
  const pid_t old = fixture.kernel.fork(kInit);
  fixture.kernel.run(old, 1000 * kTick, 500 * kTick);
  const pid_t idle = fixture.kernel.fork(kInit);
  fixture.kernel.run(idle, 70 * kTick);
  fixture.open();
  fixture.kernel.run(old, 3 * kTick, 2 * kTick);
  const pid_t born = fixture.kernel.fork(kInit);
  fixture.kernel.run(born, 4 * kTick, 7 * kTick);
  const CpuUsage usage = fixture.close();
  CHECK(process_in(usage, old).user_ticks == 3);
  CHECK(process_in(usage, old).system_ticks == 2);
  CHECK(process_in(usage, born).cpu_ticks() == 11);
  CHECK(process_in(usage, idle).cpu_ticks() == 0);
  CHECK(usage.seen == 4);
  CHECK(usage.live_ticks == 16);
  CHECK(usage.machine->busy_ticks == 16);
  CHECK(usage.time == fixture.baseline.time);
}

TEST_CASE("Window: a process that appears late does not count with impossible time", "[window]") {
  WindowFixture fixture;
  const pid_t late = fixture.kernel.fork_hidden(kInit);
  fixture.kernel.run(late, 5000 * kTick, 3000 * kTick);
  fixture.open();
  fixture.kernel.show(late);
  fixture.kernel.run(late, 7 * kTick);
  const CpuUsage usage = fixture.close(1s);
  CHECK(process_in(usage, late).cpu_ticks() == 0);
  CHECK(usage.live_ticks == 0);
}

TEST_CASE("Window: an exited child counts with its time in the window only", "[window]") {
  WindowFixture fixture;
  const pid_t parent = fixture.kernel.fork(kInit, "make");
  const pid_t child = fixture.kernel.fork(parent);
  const pid_t grandchild = fixture.kernel.fork(child);
  fixture.kernel.run(grandchild, 200 * kTick);
  fixture.kernel.end(grandchild);
  fixture.kernel.run(child, 300 * kTick, 50 * kTick);
  fixture.open();
  fixture.kernel.run(child, 7 * kTick);
  fixture.kernel.end(child);
  CHECK(*fixture.close().exited == std::vector<ExitedChildren>{{parent, "make", 7}});
}

TEST_CASE("Window: time of an orphan adopted during the opening is subtracted from the subreaper",
          "[window]") {
  WindowFixture fixture;
  const pid_t subreaper = fixture.kernel.fork(kInit);
  fixture.kernel.become_subreaper(subreaper);
  const pid_t parent = fixture.kernel.fork(subreaper);
  const pid_t child = fixture.kernel.fork(parent);
  fixture.kernel.run(child, 40 * kTick);
  fixture.kernel.before_cpu_times = [&, calls = 0]() mutable {
    // After the first reading. The child does not run.
    if (++calls == 2) fixture.kernel.end(parent);
  };
  fixture.open();
  REQUIRE(fixture.kernel.parent_of(child) == subreaper);
  fixture.kernel.end(child);
  CHECK(fixture.close().exited->empty());
}

TEST_CASE("Window: a reused pid is an exited and a new process", "[window]") {
  WindowFixture fixture;
  const pid_t parent = fixture.kernel.fork(kInit, "make");
  fixture.kernel.pass_ticks(5);
  const pid_t old = fixture.kernel.fork(parent, "old");
  fixture.kernel.run(old, 100 * kTick);
  fixture.open();
  fixture.kernel.run(old, 3 * kTick);
  fixture.kernel.end(old);
  fixture.kernel.continue_pids_from(old);
  fixture.kernel.pass_ticks(5);
  REQUIRE(fixture.kernel.fork(parent, "new") == old);
  fixture.kernel.run(old, 20 * kTick);
  const CpuUsage usage = fixture.close();
  CHECK(process_in(usage, old).name == "new");
  CHECK(process_in(usage, old).cpu_ticks() == 20);
  CHECK(*usage.exited == std::vector<ExitedChildren>{{parent, "make", 3}});
  CHECK(usage.seen == 3);
}

TEST_CASE("Window: time during the opening is not counted", "[window]") {
  WindowFixture fixture;
  const pid_t busy = fixture.kernel.fork(kInit);
  const pid_t parent = fixture.kernel.fork(kInit, "make");
  const pid_t ending = fixture.kernel.fork(parent);
  fixture.kernel.run(ending, 500 * kTick);
  fixture.kernel.fork(kInit);
  // Events in the middle of the first reading.
  std::size_t stats = 0;
  fixture.kernel.before_stat = [&](pid_t) {
    ++stats;
    if (stats == 5) {
      fixture.kernel.run(busy, 30 * kTick);
      fixture.kernel.end(ending);
      fixture.kernel.run(fixture.kernel.fork(kInit), 20 * kTick);
    }
  };
  fixture.open();
  REQUIRE(stats > 5);
  fixture.kernel.run(busy, 2 * kTick);
  const CpuUsage usage = fixture.close();
  CHECK(process_in(usage, busy).cpu_ticks() == 2);
  CHECK(usage.live_ticks == 2);
  CHECK(usage.exited->empty());
  CHECK(usage.machine->busy_ticks == 2);
}

TEST_CASE("Window: time during the closing is counted for both process and machine", "[window]") {
  WindowFixture fixture;
  const pid_t first = fixture.kernel.fork(kInit);
  const pid_t second = fixture.kernel.fork(kInit);
  fixture.open();
  fixture.kernel.run(second, 5 * kTick);
  fixture.kernel.before_clock = [&, has_run = false](pid_t pid) mutable {
    // `first` and the machine's figures have already been read.
    if (pid == second && !std::exchange(has_run, true)) fixture.kernel.run(first, 30 * kTick);
  };
  const CpuUsage usage = fixture.close();
  CHECK(usage.machine->busy_ticks == 35);
  CHECK(process_in(usage, first).cpu_ticks() == 30);
  CHECK(usage.live_ticks == 35);
}

TEST_CASE("Window: a machine that is never idle does not keep a window from closing", "[window]") {
  WindowFixture fixture;
  const pid_t busy = fixture.kernel.fork(kInit);
  fixture.open();
  fixture.kernel.before_clock = [&](pid_t) { fixture.kernel.run(busy, 30 * kTick); };
  CHECK(process_in(fixture.close(), busy).cpu_ticks() > 0);
}

TEST_CASE("Window: a child that exits after its parent was read is not counted twice", "[window]") {
  for (const bool at_opening : {true, false}) {
    CAPTURE(at_opening);
    WindowFixture fixture;
    const pid_t parent = fixture.kernel.fork(kInit, "make");
    const pid_t child = fixture.kernel.fork(parent);
    fixture.kernel.run(child, 50 * kTick);
    const pid_t other = fixture.kernel.fork(parent);
    fixture.kernel.run(other, 20 * kTick);
    const auto end_between = [&](pid_t pid) {
      // The parent has already been read.
      if (pid == child && fixture.kernel.exists(child)) fixture.kernel.end(child);
    };
    if (at_opening) {
      fixture.kernel.before_cpu_times = [&, calls = 0]() mutable {
        if (++calls == 2) fixture.kernel.before_clock = end_between;
      };
    }
    fixture.open();
    REQUIRE(fixture.kernel.exists(child) == !at_opening);
    fixture.kernel.run(other, 7 * kTick);
    fixture.kernel.end(other);
    if (!at_opening) fixture.kernel.before_clock = end_between;
    const CpuUsage usage = fixture.close();
    REQUIRE_FALSE(fixture.kernel.exists(child));
    CHECK(*usage.exited == std::vector<ExitedChildren>{{parent, "make", 7}});
  }
}

TEST_CASE("Window: impossible growth is not counted", "[window]") {
  // The ticks of two CPUs, and twice as many.
  for (const auto& [length, max] :
       std::vector<std::pair<std::chrono::seconds, std::uint64_t>>{{1s, 200}, {10s, 2000}}) {
    for (const std::uint64_t ticks : {max, 2 * max}) {
      CAPTURE(length.count(), ticks);
      WindowFixture fixture;
      const pid_t parent = fixture.kernel.fork(kInit);
      fixture.open();
      // Never read before, for instance because it got a chosen pid.
      const pid_t child = fixture.kernel.fork(parent);
      fixture.kernel.run(child, ticks * kTick);
      fixture.kernel.end(child);
      CHECK(exited_in(fixture.close(length)) == (ticks == max ? max : 0));
    }
  }
}

TEST_CASE("Window: figures of a process that fall count as 0, those of the machine are unknown",
          "[window]") {
  WindowFixture fixture;
  const pid_t pid = fixture.kernel.fork(kInit);
  fixture.kernel.run(pid, 5 * kTick, 5 * kTick);
  fixture.open();
  for (auto& entry : fixture.baseline.entries) {
    entry.clock.reset();
    entry.process.user_ticks += 100;
    entry.process.children_ticks += 100;
  }
  fixture.baseline.machine->busy_ticks += 1000;
  const CpuUsage usage = fixture.close();
  CHECK(usage.live_ticks == 0);
  CHECK(usage.exited->empty());
  CHECK_FALSE(usage.machine);
  CHECK(usage.cpus == 2U);
}

TEST_CASE("Window: steal time is that of the window, and unknown if it fell", "[window]") {
  WindowFixture fixture;
  fixture.kernel.steal_ticks = 100;
  fixture.open();
  fixture.kernel.steal_ticks = 131;
  CHECK(fixture.close().machine->steal_ticks == 31U);
  fixture.kernel.steal_ticks = 99;
  const CpuUsage usage = fixture.close();
  CHECK_FALSE(usage.machine->steal_ticks);
  CHECK(usage.machine->busy_ticks == 0);
}

TEST_CASE("Window: the number of CPUs is read for each window", "[window]") {
  WindowFixture fixture;
  fixture.open();
  fixture.kernel.cpus = 3;
  CHECK(fixture.close().cpus == 3U);
  fixture.kernel.cpus.reset();
  CHECK_FALSE(fixture.close().cpus);
}

TEST_CASE("Window: without the machine's figures the processes are still known", "[window]") {
  WindowFixture fixture;
  const pid_t pid = fixture.kernel.fork(kInit);
  fixture.open();
  fixture.kernel.run(pid, 7 * kTick);
  fixture.kernel.has_cpu_times = false;
  const CpuUsage usage = fixture.close();
  CHECK(usage.live_ticks == 7);
  CHECK_FALSE(usage.machine);
  CHECK_FALSE(usage.cpus);
}

TEST_CASE("Window: closing reads only processes whose clocks have moved", "[window]") {
  WindowFixture fixture;
  std::vector<pid_t> all;
  for (int i = 0; i < 100; ++i) all.push_back(fixture.kernel.fork(kInit));
  fixture.open();
  fixture.kernel.reads = {};
  fixture.kernel.run(all[7], 1);
  fixture.kernel.run(all[50], kTick);
  const CpuUsage usage = fixture.close();
  CHECK(fixture.kernel.reads.stats == std::vector<pid_t>{all[7], all[50]});
  CHECK(usage.seen == 101);
}

TEST_CASE("Window: unreadable processes are counted", "[window]") {
  WindowFixture fixture;
  const pid_t secret = fixture.kernel.fork(kInit);
  fixture.kernel.run(secret, 50 * kTick);
  fixture.kernel.make_unreadable(secret);
  fixture.open();
  fixture.kernel.run(secret, 50 * kTick);
  const CpuUsage usage = fixture.close();
  CHECK(usage.unreadable == 1);
  CHECK(usage.live_ticks == 0);
  CHECK(usage.seen == 1);
}

TEST_CASE("Window: several windows may be open at the same time", "[window]") {
  WindowFixture fixture;
  const pid_t pid = fixture.kernel.fork(kInit);
  fixture.open();
  fixture.kernel.run(pid, 3 * kTick);
  const Baseline second = open_window(fixture.kernel, fixture.pids, Clocks::Use);
  fixture.kernel.run(pid, 4 * kTick);
  CHECK(fixture.close().live_ticks == 7);
  fixture.kernel.run(pid, 5 * kTick);
  CHECK(close_window(fixture.kernel, fixture.pids, Clocks::Use, second).live_ticks == 9);
}
