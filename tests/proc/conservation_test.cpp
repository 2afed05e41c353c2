// Random histories of processes: the time that a window finds equals the time that was used in it.

#include <cstdlib>
#include <map>

#include "proc/window.h"
#include "support/catch.h"
#include "support/random.h"
#include "support/window_fixture.h"

using topnet::proc::Clocks;
using topnet::proc::CpuUsage;
using topnet::proc::ExitedChildren;
using topnet::test::exited_in;
using topnet::test::kInit;
using topnet::test::kTick;
using topnet::test::Random;
using topnet::test::seeds;
using topnet::test::SimulatedKernel;
using topnet::test::WindowFixture;

namespace {

struct HistoryOptions {
  bool may_ignore_children = false;  // some parents ignore SIGCHLD
  bool has_subreapers = false;
  std::uint64_t unit = kTick;  // all times are multiples of it
};

void random_event(SimulatedKernel& kernel, Random& random, const HistoryOptions& options) {
  const std::vector<pid_t> all = kernel.pids();
  const pid_t one = random.any_of(all);
  kernel.pass_ticks(1);
  switch (random.below(8)) {
    case 0:
    case 1:
      if (!kernel.is_zombie(one) && all.size() < 40) {
        const pid_t child = kernel.fork(one);
        if (options.may_ignore_children && random.one_in(4)) kernel.ignore_children(child);
        if (options.has_subreapers && random.one_in(4)) kernel.become_subreaper(child);
      }
      break;
    case 2:
    case 3:
    case 4:
      if (!kernel.is_zombie(one)) {
        kernel.run(one, random.below(30) * options.unit, random.below(10) * options.unit);
      }
      break;
    case 5:
      if (one != kInit && !kernel.is_zombie(one)) kernel.exit(one);
      break;
    case 6:
      if (kernel.is_zombie(one)) kernel.wait_for(one);
      break;
    default:
      kernel.interrupt(random.below(2) * options.unit);
  }
}

void random_events(SimulatedKernel& kernel, Random& random, const HistoryOptions& options,
                   std::uint64_t events) {
  for (std::uint64_t i = 0; i < events; ++i) random_event(kernel, random, options);
}

// A window over a random history. Marks the kernel when it opens.
CpuUsage random_window(WindowFixture& fixture, Random& random, const HistoryOptions& options) {
  fixture.clocks = random.one_of({Clocks::Use, Clocks::Ignore});
  random_events(fixture.kernel, random, options, random.below(200));
  fixture.open();
  fixture.kernel.mark();
  random_events(fixture.kernel, random, options, random.below(300));
  return fixture.close();
}

}  // namespace

TEST_CASE("Window: in random histories no time is lost or counted twice", "[window]") {
  for (const std::uint32_t seed : seeds(3000)) {
    Random random(seed);
    WindowFixture fixture;
    const HistoryOptions options{.has_subreapers = random.one_in(2)};
    const CpuUsage usage = random_window(fixture, random, options);
    const std::uint64_t found =
        usage.live_ticks + exited_in(usage) + usage.machine->interrupt_ticks;
    if (found != usage.machine->busy_ticks) {
      CAPTURE(seed);
      CHECK(found == usage.machine->busy_ticks);
    }
  }
}

TEST_CASE("Window: truncation loses less than three ticks for each process", "[window]") {
  for (const std::uint32_t seed : seeds(1000)) {
    Random random(seed);
    WindowFixture fixture;
    const CpuUsage usage = random_window(fixture, random, {.unit = kTick / 7 * 5});
    const auto found = static_cast<std::int64_t>(usage.live_ticks + exited_in(usage) +
                                                 usage.machine->interrupt_ticks);
    const auto busy = static_cast<std::int64_t>(usage.machine->busy_ticks);
    // Each process has four truncated figures: user, system, and those of its children.
    const auto max_error =
        static_cast<std::int64_t>(4 * (usage.seen + fixture.baseline.entries.size()) + 3);
    if (std::abs(found - busy) > max_error) {
      CAPTURE(seed, found, busy);
      FAIL("more than truncation explains");
    }
  }
}

TEST_CASE("Window: if parents ignore SIGCHLD, time is missing but never too large", "[window]") {
  std::uint64_t lost = 0;
  for (const std::uint32_t seed : seeds(3000)) {
    Random random(seed);
    WindowFixture fixture;
    const HistoryOptions options{.may_ignore_children = true, .has_subreapers = random.one_in(2)};
    const CpuUsage usage = random_window(fixture, random, options);
    const std::uint64_t found =
        usage.live_ticks + exited_in(usage) + usage.machine->interrupt_ticks;
    const std::uint64_t not_lost =
        usage.machine->busy_ticks - fixture.kernel.lost_since_mark() / kTick;
    lost += fixture.kernel.lost_since_mark();
    if (found > not_lost) {
      CAPTURE(seed);
      CHECK(found <= not_lost);
    }
  }
  CHECK(lost > 0);
}

TEST_CASE("Window: consecutive windows share no time and lose none", "[window]") {
  for (const std::uint32_t seed : seeds(500)) {
    Random random(seed);
    WindowFixture fixture(200);
    fixture.clocks = random.one_of({Clocks::Use, Clocks::Ignore});
    const HistoryOptions options{.has_subreapers = random.one_in(2)};
    random_events(fixture.kernel, random, options, random.below(200));
    fixture.open();
    std::uint64_t before = fixture.kernel.used();
    for (int window = 0; window < 10; ++window) {
      random_events(fixture.kernel, random, options, random.below(100));
      const std::uint64_t used = fixture.kernel.used() - before;
      before += used;
      const CpuUsage usage = fixture.roll();
      CAPTURE(seed, window);
      REQUIRE(usage.live_ticks + exited_in(usage) == used / kTick);
    }
  }
}

TEST_CASE("Window: processes that start and exit in a window count for the parents that waited",
          "[window]") {
  for (const std::uint32_t seed : seeds(1000)) {
    Random random(seed);
    WindowFixture fixture;
    for (int i = 0; i < 5; ++i) fixture.kernel.fork(random.any_of(fixture.kernel.pids()));
    const std::vector<pid_t> parents = fixture.kernel.pids();
    fixture.open();
    fixture.kernel.mark();
    std::map<pid_t, std::uint64_t> reaped;
    for (std::uint64_t i = 0; i < random.below(20); ++i) {
      const pid_t parent = random.any_of(parents);
      const pid_t child = fixture.kernel.fork(parent);
      const pid_t grandchild = fixture.kernel.fork(child);
      fixture.kernel.run(child, random.below(5) * kTick);
      fixture.kernel.run(grandchild, random.below(5) * kTick);
      fixture.kernel.end(grandchild);
      fixture.kernel.end(child);
    }
    for (const pid_t pid : parents) {
      const std::uint64_t ticks = fixture.kernel.reaped_since_mark(pid) / kTick;
      if (ticks > 0) reaped[pid] = ticks;
    }
    std::map<pid_t, std::uint64_t> reported;
    const CpuUsage usage = fixture.close();
    for (const ExitedChildren& each : *usage.exited) reported[each.pid] = each.ticks;
    CAPTURE(seed);
    REQUIRE(reported == reaped);
  }
}

TEST_CASE(
    "Window: if processes run while they are read, the error is at most the time of the reading",
    "[window]") {
  for (const std::uint32_t seed : seeds(3000)) {
    Random random(seed);
    WindowFixture fixture(200);  // few pids, so that children get smaller ones than their parents
    fixture.clocks = random.one_of({Clocks::Use, Clocks::Use, Clocks::Ignore});
    SimulatedKernel& kernel = fixture.kernel;
    const HistoryOptions options{.has_subreapers = random.one_in(2)};
    const auto maybe_event = [&](pid_t) {
      if (random.one_in(4)) random_event(kernel, random, options);
    };
    random_events(kernel, random, options, 300);
    kernel.before_stat = kernel.before_clock = maybe_event;
    const std::uint64_t before_opening = kernel.used();
    fixture.open();
    const std::uint64_t after_opening = kernel.used();
    random_events(kernel, random, options, random.below(100));
    const std::uint64_t before_closing = kernel.used();
    const CpuUsage usage = fixture.close();
    const std::uint64_t max = (kernel.used() - before_opening) / kTick;
    const std::uint64_t min = (before_closing - after_opening) / kTick;
    const std::uint64_t found = usage.live_ticks + exited_in(usage);
    if (found > max || found < min) {
      CAPTURE(seed);
      CHECK(found >= min);
      CHECK(found <= max);
    }
  }
}
