#include "proc/window.h"

#include <utility>

#include "support/catch.h"
#include "support/window_trial.h"

using topnet::proc::Baseline;
using topnet::proc::Clocks;
using topnet::proc::EndedChildren;
using topnet::proc::Process;
using topnet::proc::Usage;
using topnet::test::ended_in;
using topnet::test::SimulatedKernel;
using topnet::test::WindowTrial;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kTick = SimulatedKernel::kTick;
constexpr pid_t kInit = SimulatedKernel::kInit;

const Process& process_in(const Usage& usage, pid_t pid) {
  for (const Process& each : usage.processes) {
    if (each.pid == pid) return each;
  }
  FAIL("no process " << pid);
  throw std::logic_error("not reached");
}

}  // namespace

TEST_CASE("each process is ranked by what it has used inside the window") {
  WindowTrial trial;
  const pid_t old = trial.kernel.fork(kInit);
  trial.kernel.run(old, 1000 * kTick, 500 * kTick);
  const pid_t idle = trial.kernel.fork(kInit);
  trial.kernel.run(idle, 70 * kTick);
  trial.open();
  trial.kernel.run(old, 3 * kTick, 2 * kTick);
  const pid_t born = trial.kernel.fork(kInit);
  trial.kernel.run(born, 4 * kTick, 7 * kTick);
  const Usage usage = trial.close();
  CHECK(process_in(usage, old).user_ticks == 3);
  CHECK(process_in(usage, old).system_ticks == 2);
  CHECK(process_in(usage, born).cpu_ticks() == 11);
  CHECK(process_in(usage, idle).cpu_ticks() == 0);
  CHECK(usage.seen == 4);
  CHECK(usage.live_ticks == 16);
  CHECK(usage.machine->busy_ticks == 16);
  CHECK(usage.time == trial.baseline.time);
}

TEST_CASE("a process that is seen late does not count with the life that it had before") {
  WindowTrial trial;
  const pid_t late = trial.kernel.fork_unseen(kInit);
  trial.kernel.run(late, 5000 * kTick, 3000 * kTick);
  trial.open();
  trial.kernel.show(late);
  trial.kernel.run(late, 7 * kTick);
  const Usage usage = trial.close(1s);
  CHECK(process_in(usage, late).cpu_ticks() == 0);
  CHECK(usage.live_ticks == 0);
}

TEST_CASE("a long-lived child that ends counts with what it used inside the window alone") {
  WindowTrial trial;
  const pid_t parent = trial.kernel.fork(kInit, "make");
  const pid_t child = trial.kernel.fork(parent);
  const pid_t grandchild = trial.kernel.fork(child);
  trial.kernel.run(grandchild, 200 * kTick);
  trial.kernel.end(grandchild);
  trial.kernel.run(child, 300 * kTick, 50 * kTick);
  trial.open();
  trial.kernel.run(child, 7 * kTick);
  trial.kernel.end(child);
  CHECK(*trial.close().ended == std::vector<EndedChildren>{{parent, "make", 7}});
}

TEST_CASE("a zombie that is waited for inside the window adds nothing") {
  WindowTrial trial;
  const pid_t parent = trial.kernel.fork(kInit);
  const pid_t child = trial.kernel.fork(parent);
  trial.kernel.run(child, 300 * kTick);
  trial.kernel.exit(child);
  trial.open();
  trial.kernel.wait_for(child);
  CHECK(trial.close().ended->empty());
}

TEST_CASE("an orphan that ends goes to init, though its grandparent has children that ended") {
  WindowTrial trial;
  const pid_t grandparent = trial.kernel.fork(kInit, "shell");
  const pid_t parent = trial.kernel.fork(grandparent);
  const pid_t child = trial.kernel.fork(parent);
  trial.kernel.run(parent, 50 * kTick);
  trial.kernel.run(child, 40 * kTick);
  trial.open();
  trial.kernel.end(parent);
  REQUIRE(trial.kernel.parent_of(child) == kInit);
  trial.kernel.end(child);
  CHECK(trial.close().ended->empty());
}

TEST_CASE("the orphan of a parent that is a zombie still goes to who adopted it") {
  WindowTrial trial;
  const pid_t grandparent = trial.kernel.fork(kInit);
  const pid_t parent = trial.kernel.fork(grandparent);
  const pid_t child = trial.kernel.fork(parent);
  trial.kernel.run(child, 40 * kTick);
  trial.open();
  trial.kernel.exit(parent);
  trial.kernel.end(child);
  REQUIRE(trial.kernel.is_zombie(parent));
  CHECK(trial.close().ended->empty());
}

TEST_CASE("an orphan that was adopted while the window opened goes to its subreaper") {
  WindowTrial trial;
  const pid_t subreaper = trial.kernel.fork(kInit);
  trial.kernel.become_subreaper(subreaper);
  const pid_t parent = trial.kernel.fork(subreaper);
  const pid_t child = trial.kernel.fork(parent);
  trial.kernel.run(child, 40 * kTick);
  trial.kernel.before_cpu_times = [&, calls = 0]() mutable {
    // Behind the first reading; and the child does not run.
    if (++calls == 2) trial.kernel.end(parent);
  };
  trial.open();
  REQUIRE(trial.kernel.parent_of(child) == subreaper);
  trial.kernel.end(child);
  CHECK(trial.close().ended->empty());
}

TEST_CASE("a reused pid is one process that ended and one that was born") {
  WindowTrial trial;
  const pid_t parent = trial.kernel.fork(kInit, "make");
  trial.kernel.pass_ticks(5);
  const pid_t old = trial.kernel.fork(parent, "old");
  trial.kernel.run(old, 100 * kTick);
  trial.open();
  trial.kernel.run(old, 3 * kTick);
  trial.kernel.end(old);
  trial.kernel.continue_pids_from(old);
  trial.kernel.pass_ticks(5);
  REQUIRE(trial.kernel.fork(parent, "new") == old);
  trial.kernel.run(old, 20 * kTick);
  const Usage usage = trial.close();
  CHECK(process_in(usage, old).name == "new");
  CHECK(process_in(usage, old).cpu_ticks() == 20);
  CHECK(*usage.ended == std::vector<EndedChildren>{{parent, "make", 3}});
  CHECK(usage.seen == 3);
}

TEST_CASE("what runs while a window opens is in it from that moment on, and not twice") {
  WindowTrial trial;
  const pid_t busy = trial.kernel.fork(kInit);
  const pid_t parent = trial.kernel.fork(kInit, "make");
  const pid_t ending = trial.kernel.fork(parent);
  trial.kernel.run(ending, 500 * kTick);
  trial.kernel.fork(kInit);
  // The first reading takes its time, and the machine does not wait.
  std::size_t stats = 0;
  trial.kernel.before_stat = [&](pid_t) {
    ++stats;
    if (stats == 5) {
      trial.kernel.run(busy, 30 * kTick);
      trial.kernel.end(ending);
      trial.kernel.run(trial.kernel.fork(kInit), 20 * kTick);
    }
  };
  trial.open();
  REQUIRE(stats > 5);
  trial.kernel.run(busy, 2 * kTick);
  const Usage usage = trial.close();
  CHECK(process_in(usage, busy).cpu_ticks() == 2);
  CHECK(usage.live_ticks == 2);
  CHECK(usage.ended->empty());
  CHECK(usage.machine->busy_ticks == 2);
}

TEST_CASE(
    "what runs while a window closes is in the machine's figures and in its own, or in neither") {
  WindowTrial trial;
  const pid_t first = trial.kernel.fork(kInit);
  const pid_t second = trial.kernel.fork(kInit);
  trial.open();
  trial.kernel.run(second, 5 * kTick);
  trial.kernel.before_clock = [&, has_run = false](pid_t pid) mutable {
    // The first one has been read by then, and the machine's figures too.
    if (pid == second && !std::exchange(has_run, true)) trial.kernel.run(first, 30 * kTick);
  };
  const Usage usage = trial.close();
  CHECK(usage.machine->busy_ticks == 35);
  CHECK(process_in(usage, first).cpu_ticks() == 30);
  CHECK(usage.live_ticks == 35);
}

TEST_CASE("a machine that never rests does not keep a window from closing") {
  WindowTrial trial;
  const pid_t busy = trial.kernel.fork(kInit);
  trial.open();
  trial.kernel.before_clock = [&](pid_t) { trial.kernel.run(busy, 30 * kTick); };
  CHECK(process_in(trial.close(), busy).cpu_ticks() > 0);
}

TEST_CASE("a child that ends behind its parent's back, as it were, is in neither end twice") {
  for (const bool at_opening : {true, false}) {
    CAPTURE(at_opening);
    WindowTrial trial;
    const pid_t parent = trial.kernel.fork(kInit, "make");
    const pid_t child = trial.kernel.fork(parent);
    trial.kernel.run(child, 50 * kTick);
    const pid_t other = trial.kernel.fork(parent);
    trial.kernel.run(other, 20 * kTick);
    const auto end_between = [&](pid_t pid) {
      // Its parent has been read by then.
      if (pid == child && trial.kernel.is_there(child)) trial.kernel.end(child);
    };
    if (at_opening) {
      trial.kernel.before_cpu_times = [&, calls = 0]() mutable {
        if (++calls == 2) trial.kernel.before_clock = end_between;
      };
    }
    trial.open();
    REQUIRE(trial.kernel.is_there(child) == !at_opening);
    trial.kernel.run(other, 7 * kTick);
    trial.kernel.end(other);
    if (!at_opening) trial.kernel.before_clock = end_between;
    const Usage usage = trial.close();
    REQUIRE_FALSE(trial.kernel.is_there(child));
    CHECK(*usage.ended == std::vector<EndedChildren>{{parent, "make", 7}});
  }
}

TEST_CASE("growth that cannot have been used inside the window is no time of it") {
  // What two CPUs can do, and twice that.
  for (const auto& [length, most] :
       std::vector<std::pair<std::chrono::seconds, std::uint64_t>>{{1s, 200}, {10s, 2000}}) {
    for (const std::uint64_t ticks : {most, 2 * most}) {
      CAPTURE(length.count(), ticks);
      WindowTrial trial;
      const pid_t parent = trial.kernel.fork(kInit);
      trial.open();
      // No list has seen it before: it was given a pid of choice, for instance.
      const pid_t child = trial.kernel.fork(parent);
      trial.kernel.run(child, ticks * kTick);
      trial.kernel.end(child);
      CHECK(ended_in(trial.close(length)) == (ticks == most ? most : 0));
    }
  }
}

TEST_CASE("figures that run backwards are no use, not a huge one") {
  WindowTrial trial;
  const pid_t pid = trial.kernel.fork(kInit);
  trial.kernel.run(pid, 5 * kTick, 5 * kTick);
  trial.open();
  for (auto& entry : trial.baseline.entries) {
    entry.clock.reset();
    entry.process.user_ticks += 100;
    entry.process.children_ticks += 100;
  }
  trial.baseline.machine->busy_ticks += 1000;
  const Usage usage = trial.close();
  CHECK(usage.live_ticks == 0);
  CHECK(usage.ended->empty());
  CHECK(usage.machine->busy_ticks == 0);
}

TEST_CASE("when a window closes, only those whose clocks have moved are read") {
  WindowTrial trial;
  std::vector<pid_t> all;
  for (int i = 0; i < 100; ++i) all.push_back(trial.kernel.fork(kInit));
  trial.open();
  trial.kernel.asked = {};
  trial.kernel.run(all[7], 1);
  trial.kernel.run(all[50], kTick);
  const Usage usage = trial.close();
  CHECK(trial.kernel.asked.stats == std::vector<pid_t>{all[7], all[50]});
  CHECK(usage.seen == 101);
}

TEST_CASE("a process that cannot be read is counted, and missing at either end is no use") {
  WindowTrial trial;
  const pid_t secret = trial.kernel.fork(kInit);
  trial.kernel.run(secret, 50 * kTick);
  trial.kernel.make_unreadable(secret);
  trial.open();
  trial.kernel.run(secret, 50 * kTick);
  const Usage usage = trial.close();
  CHECK(usage.unreadable == 1);
  CHECK(usage.live_ticks == 0);
  CHECK(usage.seen == 1);
}

TEST_CASE("any number of windows may be open at the same time") {
  WindowTrial trial;
  const pid_t pid = trial.kernel.fork(kInit);
  trial.open();
  trial.kernel.run(pid, 3 * kTick);
  const Baseline second = open_window(trial.kernel, trial.pids, Clocks::Ask);
  trial.kernel.run(pid, 4 * kTick);
  CHECK(trial.close().live_ticks == 7);
  trial.kernel.run(pid, 5 * kTick);
  CHECK(close_window(trial.kernel, trial.pids, Clocks::Ask, second).live_ticks == 9);
}
