#include "proc/clock_scan.h"

#include <algorithm>
#include <memory>
#include <set>

#include "proc/scan.h"
#include "proc/scanner.h"
#include "support/catch.h"
#include "support/dice.h"
#include "support/simulated_kernel.h"

using topnet::proc::ClockScan;
using topnet::proc::Method;
using topnet::proc::Process;
using topnet::proc::scan;
using topnet::proc::scan_by_clock;
using topnet::proc::Scanner;
using topnet::proc::SortKey;
using topnet::proc::top;
using topnet::proc::Wish;
using topnet::test::Dice;
using topnet::test::seeds;
using topnet::test::SimulatedKernel;

namespace {

constexpr std::uint64_t kTick = SimulatedKernel::kTick;

std::optional<ClockScan> scan_all(SimulatedKernel& kernel, const std::vector<Wish>& wishes) {
  return scan_by_clock(kernel, kernel.pids(), wishes, std::chrono::nanoseconds(kTick));
}

// Ties and processes that have used next to nothing are what the bounds can go wrong with.
void populate(SimulatedKernel& kernel, Dice& dice) {
  const std::uint64_t most_ticks = dice.one_of<std::uint64_t>({1, 2, 3, 4, 8, 100, 100000});
  const std::uint64_t count = dice.below(40);
  for (std::uint64_t i = 0; i < count; ++i) {
    const pid_t pid = kernel.fork(SimulatedKernel::kInit);
    const auto time = [&] {
      return dice.below(most_ticks) * kTick + (dice.one_in(3) ? dice.below(kTick) : 0);
    };
    switch (dice.below(4)) {
      case 0:
        break;
      case 1:
        kernel.run(pid, time());
        break;
      case 2:
        kernel.run(pid, 0, time());
        break;
      default:
        kernel.run(pid, time(), time());
    }
    if (dice.one_in(2)) kernel.pass_ticks(1);
    if (dice.one_in(10)) kernel.exit(pid);
    if (dice.one_in(20)) kernel.hide_clock(pid);
    if (dice.one_in(30)) kernel.make_unreadable(pid);
  }
}

std::vector<Wish> draw_wishes(Dice& dice) {
  std::vector<Wish> wishes(1 + dice.below(3));
  for (Wish& wish : wishes) {
    wish.count = 1 + dice.below(dice.one_of<std::uint64_t>({1, 3, 50}));
    wish.key = dice.one_of({SortKey::Cpu, SortKey::User, SortKey::System});
  }
  return wishes;
}

}  // namespace

TEST_CASE("whatever there is and whatever is wished for, the rows are those of reading all") {
  std::size_t stats_read = 0;
  std::size_t stats_there = 0;
  for (const std::uint32_t seed : seeds(20000)) {
    Dice dice(seed);
    SimulatedKernel kernel;
    populate(kernel, dice);
    const std::vector<Wish> wishes = draw_wishes(dice);
    const auto fast = scan_all(kernel, wishes);
    stats_read += kernel.asked.stats.size();
    stats_there += kernel.pids().size();
    const auto all = scan(kernel, kernel.pids());
    CAPTURE(seed);
    if (!fast) FAIL("its clocks agree with its stats");
    for (const Wish& wish : wishes) {
      if (top(fast->processes, wish.count, wish.key) != top(all.processes, wish.count, wish.key)) {
        CAPTURE(wish.count, static_cast<int>(wish.key));
        FAIL("another top");
      }
    }
  }
  CHECK(stats_read < stats_there);
}

TEST_CASE("stat is opened for those alone that can be in the list") {
  for (const std::size_t count : {1U, 10U, 500U}) {
    SimulatedKernel kernel;
    // In an order that is not that of their pids; no two are within three ticks.
    for (std::uint64_t i = 0; i < 1000; ++i) {
      kernel.run(kernel.fork(SimulatedKernel::kInit), (i * 387 % 1000) * 2 * kTick,
                 (i * 387 % 1000) * 2 * kTick);
    }
    REQUIRE(scan_all(kernel, {{.count = count}}));
    CHECK(kernel.asked.stats.size() == count);
    // Each once, and once more those whose stat was checked against it.
    CHECK(kernel.asked.clocks.size() == kernel.pids().size() + count);
  }
}

TEST_CASE("every process whose clock lies within two ticks of the last in the list is read") {
  SimulatedKernel kernel;
  const auto start = [&](std::uint64_t user, std::uint64_t system) {
    const pid_t pid = kernel.fork(SimulatedKernel::kInit);
    kernel.run(pid, user, system);
    return pid;
  };
  // Its clock says next to 12 ticks, its stat 10.
  const pid_t cut = start(5 * kTick + kTick - 1, 5 * kTick + kTick - 1);
  const pid_t eleven = start(11 * kTick, 0);
  const pid_t ten = start(10 * kTick, 0);
  start(9 * kTick + kTick - 1, 0);
  const auto found = scan_all(kernel, {{.count = 2}});
  REQUIRE(found);
  CHECK(top(found->processes, 1, SortKey::Cpu).front().pid == eleven);
  const auto& read = kernel.asked.stats;
  CHECK(std::set<pid_t>(read.begin(), read.end()) == std::set<pid_t>{cut, eleven, ten});
}

TEST_CASE("a ranking whose last has used nothing costs what reading all does") {
  SimulatedKernel kernel;
  for (int i = 0; i < 50; ++i) kernel.fork(SimulatedKernel::kInit);
  REQUIRE(scan_all(kernel, {{.count = 1}}));
  CHECK(kernel.asked.stats.size() == kernel.pids().size());
}

TEST_CASE("a clock that is ahead of its stat or behind it by more than ticks are cut is a lie") {
  const auto is_believed = [](std::int64_t back) {
    SimulatedKernel kernel;
    const pid_t pid = kernel.fork(SimulatedKernel::kInit);
    kernel.run(pid, 10 * kTick, 10 * kTick);
    kernel.set_clock_back(pid, back);
    return scan_all(kernel, {{.count = 1}}).has_value();
  };
  constexpr auto tick = static_cast<std::int64_t>(kTick);
  CHECK(is_believed(0));
  CHECK_FALSE(is_believed(1));
  CHECK_FALSE(is_believed(tick));
  CHECK_FALSE(is_believed(20 * tick));
  // Two whole ticks may have been cut off.
  CHECK(is_believed(-3 * tick + 1));
  CHECK_FALSE(is_believed(-3 * tick));
}

TEST_CASE("a clock that lies about a process out of reach is not noticed, and changes no row") {
  SimulatedKernel kernel;
  const pid_t busy = kernel.fork(SimulatedKernel::kInit);
  kernel.run(busy, 100 * kTick);
  const pid_t idle = kernel.fork(SimulatedKernel::kInit);
  kernel.run(idle, 10 * kTick);
  kernel.set_clock_back(idle, 5 * static_cast<std::int64_t>(kTick));
  const auto found = scan_all(kernel, {{.count = 1}});
  REQUIRE(found);
  CHECK(kernel.asked.stats == std::vector<pid_t>{busy});
}

TEST_CASE("where a clock lies, all is read, and no clock is asked any more") {
  auto owned = std::make_unique<SimulatedKernel>();
  SimulatedKernel& kernel = *owned;
  for (std::uint64_t i = 1; i <= 20; ++i) {
    kernel.run(kernel.fork(SimulatedKernel::kInit), i * 5 * kTick);
  }
  Scanner scanner(std::move(owned), Method::Fastest);
  CHECK_FALSE(scanner.since_start({{.count = 1}}).ended);
  CHECK(kernel.asked.stats.size() == 1);

  const pid_t liar = kernel.fork(SimulatedKernel::kInit);
  kernel.run(liar, 1000 * kTick);
  kernel.set_clock_back(liar, -3 * static_cast<std::int64_t>(kTick));
  kernel.asked = {};
  const auto usage = scanner.since_start({{.count = 1}});
  CHECK(usage.processes.size() == kernel.pids().size());
  CHECK(usage.ended);
  CHECK(top(usage.processes, 1, SortKey::Cpu).front().pid == liar);

  kernel.end(liar);
  kernel.asked = {};
  CHECK(scanner.since_start({{.count = 1}}).processes.size() == kernel.pids().size());
  CHECK(kernel.asked.clocks.empty());
  CHECK(scanner.close(scanner.open()).seen == kernel.pids().size());
  CHECK(kernel.asked.clocks.empty());
}

TEST_CASE("a source without clocks and an exhaustive scanner ask for none") {
  for (const Method method : {Method::Fastest, Method::Exhaustive}) {
    auto owned = std::make_unique<SimulatedKernel>();
    SimulatedKernel& kernel = *owned;
    if (method == Method::Fastest) kernel.take_clocks_away();
    for (int i = 0; i < 5; ++i) kernel.run(kernel.fork(SimulatedKernel::kInit), kTick);
    Scanner scanner(std::move(owned), method);
    CHECK(scanner.since_start({{.count = 1}}).processes.size() == 6);
    CHECK(scanner.close(scanner.open()).processes.size() == 6);
    CHECK(kernel.asked.clocks.empty());
  }
}

TEST_CASE("a pid that was given out anew between its clock and its stat is no lie") {
  SimulatedKernel kernel;
  const pid_t old = kernel.fork(SimulatedKernel::kInit);
  kernel.run(old, 50 * kTick);
  const pid_t other = kernel.fork(SimulatedKernel::kInit);
  kernel.run(other, 40 * kTick);
  kernel.before_stat = [&](pid_t pid) {
    if (pid != old || kernel.used_by(old) != 50 * kTick) return;
    kernel.end(old);
    kernel.continue_pids_from(old);
    REQUIRE(kernel.fork(other, "new") == old);
    kernel.run(old, 3 * kTick);
  };
  const auto found = scan_all(kernel, {{.count = 1}});
  REQUIRE(found);
  const auto rows = top(found->processes, 2, SortKey::Cpu);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].pid == other);
  CHECK(rows[1].name == "new");
}

TEST_CASE("a process that runs on while it is read is no lie") {
  SimulatedKernel kernel;
  const pid_t pid = kernel.fork(SimulatedKernel::kInit);
  kernel.run(pid, 50 * kTick);
  kernel.before_stat = [&](pid_t each) {
    if (each == pid) kernel.run(pid, 7 * kTick);
  };
  const auto found = scan_all(kernel, {{.count = 1}});
  REQUIRE(found);
  CHECK(found->processes.front().user_ticks == 57);
}

TEST_CASE("a process without a clock is read, and ranked with the others") {
  SimulatedKernel kernel;
  const pid_t with = kernel.fork(SimulatedKernel::kInit);
  kernel.run(with, 50 * kTick);
  const pid_t without = kernel.fork(SimulatedKernel::kInit);
  kernel.run(without, 60 * kTick);
  kernel.hide_clock(without);
  const auto found = scan_all(kernel, {{.count = 1}});
  REQUIRE(found);
  CHECK(top(found->processes, 1, SortKey::Cpu).front().pid == without);
  CHECK(kernel.asked.stats == std::vector<pid_t>{without});
}

TEST_CASE("what vanishes or cannot be read is counted as what it is") {
  SimulatedKernel kernel;
  const pid_t gone = kernel.fork(SimulatedKernel::kInit);
  const pid_t going = kernel.fork(SimulatedKernel::kInit);
  kernel.run(going, 90 * kTick);
  const pid_t secret = kernel.fork(SimulatedKernel::kInit);
  kernel.run(secret, 80 * kTick);
  kernel.make_unreadable(secret);
  const pid_t plain = kernel.fork(SimulatedKernel::kInit);
  kernel.run(plain, 70 * kTick);
  const std::vector<pid_t> pids = kernel.pids();
  kernel.end(gone);
  kernel.before_stat = [&](pid_t pid) {
    if (pid == going && kernel.is_there(going)) kernel.end(going);
  };
  const auto found = scan_by_clock(kernel, pids, {{.count = 1}}, std::chrono::nanoseconds(kTick));
  REQUIRE(found);
  CHECK(top(found->processes, 1, SortKey::Cpu).front().pid == plain);
  CHECK(found->vanished == std::vector<pid_t>{gone});
  CHECK(found->unreadable == 1);
  CHECK(found->seen == 2);  // plain and init
}

TEST_CASE("what all processes have used is the sum of their clocks, cut once") {
  SimulatedKernel kernel;
  for (int i = 0; i < 100; ++i) kernel.run(kernel.fork(SimulatedKernel::kInit), kTick / 2);
  const auto found = scan_all(kernel, {{.count = 1}});
  REQUIRE(found);
  CHECK(found->live_ticks == 50);
}
