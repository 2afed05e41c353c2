#include "proc/window.h"

#include <map>

#include "proc/accounting.h"
#include "support/catch.h"
#include "support/dice.h"
#include "support/simulated_kernel.h"

using topnet::proc::Baseline;
using topnet::proc::Clocks;
using topnet::proc::EndedChildren;
using topnet::proc::PidList;
using topnet::proc::Process;
using topnet::proc::Usage;
using topnet::test::Dice;
using topnet::test::SimulatedKernel;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kTick = SimulatedKernel::kTick;
constexpr pid_t kInit = SimulatedKernel::kInit;

// A window in a simulated kernel.
struct Trial {
  SimulatedKernel kernel;
  PidList pids{kernel};
  Clocks clocks = Clocks::Ask;
  Baseline baseline;

  void open() { baseline = open_window(kernel, pids, clocks); }

  // What happened in between took no time here; `length` is what it stands for.
  Usage close(std::chrono::seconds length = 1000s) {
    baseline.opened -= length;
    return close_window(kernel, pids, clocks, baseline);
  }
};

std::uint64_t ended_in(const Usage& usage) {
  std::uint64_t ticks = 0;
  for (const EndedChildren& each : *usage.ended) ticks += each.ticks;
  return ticks;
}

const Process& process_in(const Usage& usage, pid_t pid) {
  for (const Process& each : usage.processes) {
    if (each.pid == pid) return each;
  }
  FAIL("no process " << pid);
  throw std::logic_error("not reached");
}

// What may happen to processes.
struct World {
  bool has_deaf_parents = false;  // that ignore SIGCHLD
  bool has_subreapers = false;
  std::uint64_t unit = kTick;  // all run for multiples of it
};

void let_something_happen(SimulatedKernel& kernel, Dice& dice, const World& world) {
  const std::vector<pid_t> all = kernel.pids();
  const pid_t one = dice.any_of(all);
  kernel.pass_ticks(1);
  switch (dice.below(8)) {
    case 0:
    case 1:
      if (!kernel.is_zombie(one) && all.size() < 40) {
        const pid_t child = kernel.fork(one);
        if (world.has_deaf_parents && dice.one_in(4)) kernel.ignore_children(child);
        if (world.has_subreapers && dice.one_in(4)) kernel.become_subreaper(child);
      }
      break;
    case 2:
    case 3:
    case 4:
      if (!kernel.is_zombie(one)) {
        kernel.run(one, dice.below(30) * world.unit, dice.below(10) * world.unit);
      }
      break;
    case 5:
      if (one != kInit && !kernel.is_zombie(one)) kernel.exit(one);
      break;
    case 6:
      if (kernel.is_zombie(one)) kernel.wait_for(one);
      break;
    default:
      kernel.interrupt(dice.below(2) * world.unit);
  }
}

void let_happen(SimulatedKernel& kernel, Dice& dice, const World& world, std::uint64_t events) {
  for (std::uint64_t i = 0; i < events; ++i) let_something_happen(kernel, dice, world);
}

// A window over a random history; the kernel counts since its beginning.
Usage random_window(Trial& trial, Dice& dice, const World& world) {
  trial.clocks = dice.one_of({Clocks::Ask, Clocks::Ignore});
  let_happen(trial.kernel, dice, world, dice.below(200));
  trial.open();
  trial.kernel.mark();
  let_happen(trial.kernel, dice, world, dice.below(300));
  return trial.close();
}

}  // namespace

TEST_CASE("each process is ranked by what it has used inside the window") {
  Trial trial;
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

TEST_CASE("nobody's time is lost or counted twice, whatever happens inside a window") {
  for (std::uint32_t seed = 1; seed <= 3000; ++seed) {
    Dice dice(seed);
    Trial trial;
    const World world{.has_subreapers = dice.one_in(2)};
    const Usage usage = random_window(trial, dice, world);
    const std::uint64_t found = usage.live_ticks + ended_in(usage) + usage.machine->interrupt_ticks;
    if (found != usage.machine->busy_ticks) {
      CAPTURE(seed);
      CHECK(found == usage.machine->busy_ticks);
    }
  }
}

TEST_CASE("time that is cut to ticks is missed by less than three for each process") {
  for (std::uint32_t seed = 1; seed <= 1000; ++seed) {
    Dice dice(seed);
    Trial trial;
    const Usage usage = random_window(trial, dice, {.unit = kTick / 7 * 5});
    const auto found = static_cast<std::int64_t>(usage.live_ticks + ended_in(usage) +
                                                 usage.machine->interrupt_ticks);
    const auto busy = static_cast<std::int64_t>(usage.machine->busy_ticks);
    // Of each its own time and its children's, and of each that ended what it had before.
    const auto most =
        static_cast<std::int64_t>(4 * (usage.seen + trial.baseline.entries.size()) + 3);
    if (std::abs(found - busy) > most) {
      CAPTURE(seed, found, busy);
      FAIL("more than the cuts can explain");
    }
  }
}

TEST_CASE("where parents ignore SIGCHLD, less is found than was used, and never more") {
  std::uint64_t lost = 0;
  for (std::uint32_t seed = 1; seed <= 3000; ++seed) {
    Dice dice(seed);
    Trial trial;
    const World world{.has_deaf_parents = true, .has_subreapers = dice.one_in(2)};
    const Usage usage = random_window(trial, dice, world);
    const std::uint64_t found = usage.live_ticks + ended_in(usage) + usage.machine->interrupt_ticks;
    const std::uint64_t not_lost =
        usage.machine->busy_ticks - trial.kernel.lost_since_mark() / kTick;
    lost += trial.kernel.lost_since_mark();
    if (found > not_lost) {
      CAPTURE(seed);
      CHECK(found <= not_lost);
    }
  }
  CHECK(lost > 0);
}

TEST_CASE("what lives and dies inside a window goes to the parents that waited") {
  for (std::uint32_t seed = 1; seed <= 1000; ++seed) {
    Dice dice(seed);
    Trial trial;
    for (int i = 0; i < 5; ++i) trial.kernel.fork(dice.any_of(trial.kernel.pids()));
    const std::vector<pid_t> parents = trial.kernel.pids();
    trial.open();
    trial.kernel.mark();
    std::map<pid_t, std::uint64_t> reaped;
    for (std::uint64_t i = 0; i < dice.below(20); ++i) {
      const pid_t parent = dice.any_of(parents);
      const pid_t child = trial.kernel.fork(parent);
      const pid_t grandchild = trial.kernel.fork(child);
      trial.kernel.run(child, dice.below(5) * kTick);
      trial.kernel.run(grandchild, dice.below(5) * kTick);
      trial.kernel.end(grandchild);
      trial.kernel.end(child);
    }
    for (const pid_t pid : parents) {
      const std::uint64_t ticks = trial.kernel.reaped_since_mark(pid) / kTick;
      if (ticks > 0) reaped[pid] = ticks;
    }
    std::map<pid_t, std::uint64_t> said;
    const Usage usage = trial.close();
    for (const EndedChildren& each : *usage.ended) said[each.pid] = each.ticks;
    CAPTURE(seed);
    REQUIRE(said == reaped);
  }
}

TEST_CASE("a long-lived child that ends counts with what it used inside the window alone") {
  Trial trial;
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
  Trial trial;
  const pid_t parent = trial.kernel.fork(kInit);
  const pid_t child = trial.kernel.fork(parent);
  trial.kernel.run(child, 300 * kTick);
  trial.kernel.exit(child);
  trial.open();
  trial.kernel.wait_for(child);
  CHECK(trial.close().ended->empty());
}

TEST_CASE("an orphan that ends goes to init, though its grandparent has children that ended") {
  Trial trial;
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
  Trial trial;
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

TEST_CASE("a reused pid is one process that ended and one that was born") {
  Trial trial;
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
  Trial trial;
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

TEST_CASE("a child that ends behind its parent's back, as it were, is in neither end twice") {
  for (const bool at_opening : {true, false}) {
    CAPTURE(at_opening);
    Trial trial;
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
      Trial trial;
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
  Trial trial;
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
  Trial trial;
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
  Trial trial;
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
  Trial trial;
  const pid_t pid = trial.kernel.fork(kInit);
  trial.open();
  trial.kernel.run(pid, 3 * kTick);
  const Baseline second = open_window(trial.kernel, trial.pids, Clocks::Ask);
  trial.kernel.run(pid, 4 * kTick);
  CHECK(trial.close().live_ticks == 7);
  trial.kernel.run(pid, 5 * kTick);
  CHECK(close_window(trial.kernel, trial.pids, Clocks::Ask, second).live_ticks == 9);
}
