// Conservation: over any history, what a window finds is what the machine was busy with.

#include <cstdlib>
#include <map>

#include "proc/window.h"
#include "support/catch.h"
#include "support/dice.h"
#include "support/window_trial.h"

using topnet::proc::Clocks;
using topnet::proc::EndedChildren;
using topnet::proc::Usage;
using topnet::test::Dice;
using topnet::test::seeds;
using topnet::test::ended_in;
using topnet::test::SimulatedKernel;
using topnet::test::WindowTrial;

namespace {

constexpr std::uint64_t kTick = SimulatedKernel::kTick;
constexpr pid_t kInit = SimulatedKernel::kInit;

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
Usage random_window(WindowTrial& trial, Dice& dice, const World& world) {
  trial.clocks = dice.one_of({Clocks::Ask, Clocks::Ignore});
  let_happen(trial.kernel, dice, world, dice.below(200));
  trial.open();
  trial.kernel.mark();
  let_happen(trial.kernel, dice, world, dice.below(300));
  return trial.close();
}

}  // namespace

TEST_CASE("nobody's time is lost or counted twice, whatever happens inside a window") {
  for (const std::uint32_t seed : seeds(3000)) {
    Dice dice(seed);
    WindowTrial trial;
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
  for (const std::uint32_t seed : seeds(1000)) {
    Dice dice(seed);
    WindowTrial trial;
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
  for (const std::uint32_t seed : seeds(3000)) {
    Dice dice(seed);
    WindowTrial trial;
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

TEST_CASE("of windows that follow each other, each has its own time and none is between them") {
  for (const std::uint32_t seed : seeds(500)) {
    Dice dice(seed);
    WindowTrial trial(200);
    trial.clocks = dice.one_of({Clocks::Ask, Clocks::Ignore});
    const World world{.has_subreapers = dice.one_in(2)};
    let_happen(trial.kernel, dice, world, dice.below(200));
    trial.open();
    std::uint64_t before = trial.kernel.used();
    for (int window = 0; window < 10; ++window) {
      let_happen(trial.kernel, dice, world, dice.below(100));
      const std::uint64_t used = trial.kernel.used() - before;
      before += used;
      const Usage usage = trial.roll();
      CAPTURE(seed, window);
      REQUIRE(usage.live_ticks + ended_in(usage) == used / kTick);
    }
  }
}

TEST_CASE("what lives and dies inside a window goes to the parents that waited") {
  for (const std::uint32_t seed : seeds(1000)) {
    Dice dice(seed);
    WindowTrial trial;
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

TEST_CASE(
    "while the machine runs on, what is found lies between what can be inside and what must") {
  for (const std::uint32_t seed : seeds(3000)) {
    Dice dice(seed);
    WindowTrial trial(200);  // so few pids that children have smaller ones than their parents
    trial.clocks = dice.one_of({Clocks::Ask, Clocks::Ask, Clocks::Ignore});
    SimulatedKernel& kernel = trial.kernel;
    const World world{.has_subreapers = dice.one_in(2)};
    const auto run_on = [&](pid_t) {
      if (dice.one_in(4)) let_something_happen(kernel, dice, world);
    };
    let_happen(kernel, dice, world, 300);
    kernel.before_stat = kernel.before_clock = run_on;
    const std::uint64_t before_opening = kernel.used();
    trial.open();
    const std::uint64_t open = kernel.used();
    let_happen(kernel, dice, world, dice.below(100));
    const std::uint64_t before_closing = kernel.used();
    const Usage usage = trial.close();
    const std::uint64_t most = (kernel.used() - before_opening) / kTick;
    const std::uint64_t least = (before_closing - open) / kTick;
    const std::uint64_t found = usage.live_ticks + ended_in(usage);
    if (found > most || found < least) {
      CAPTURE(seed);
      CHECK(found >= least);
      CHECK(found <= most);
    }
  }
}
