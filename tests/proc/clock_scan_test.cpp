#include "proc/clock_scan.h"

#include <algorithm>
#include <memory>
#include <set>

#include "proc/full_scan.h"
#include "proc/scanner.h"
#include "support/catch.h"
#include "support/random.h"
#include "support/simulated_kernel.h"

using topnet::proc::ClockScan;
using topnet::proc::Process;
using topnet::proc::rank;
using topnet::proc::RankingQuery;
using topnet::proc::scan;
using topnet::proc::scan_by_clock;
using topnet::proc::ScanMode;
using topnet::proc::Scanner;
using topnet::proc::SortKey;
using topnet::test::kTick;
using topnet::test::Random;
using topnet::test::seeds;
using topnet::test::SimulatedKernel;

namespace {

std::optional<ClockScan> scan_all(SimulatedKernel& kernel,
                                  const std::vector<RankingQuery>& queries) {
  return scan_by_clock(kernel, kernel.pids(), queries, std::chrono::nanoseconds(kTick));
}

// With many ties and many nearly idle processes, for which the bounds matter.
void populate(SimulatedKernel& kernel, Random& random) {
  const std::uint64_t max_ticks = random.one_of<std::uint64_t>({1, 2, 3, 4, 8, 100, 100000});
  const std::uint64_t count = random.below(40);
  for (std::uint64_t i = 0; i < count; ++i) {
    const pid_t pid = kernel.fork(SimulatedKernel::kInit);
    const auto time = [&] {
      return random.below(max_ticks) * kTick + (random.one_in(3) ? random.below(kTick) : 0);
    };
    switch (random.below(4)) {
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
    if (random.one_in(2)) kernel.pass_ticks(1);
    if (random.one_in(10)) kernel.exit(pid);
    if (random.one_in(20)) kernel.hide_clock(pid);
    if (random.one_in(30)) kernel.make_unreadable(pid);
  }
}

std::vector<RankingQuery> random_queries(Random& random) {
  std::vector<RankingQuery> queries(1 + random.below(3));
  for (RankingQuery& query : queries) {
    query.count = 1 + random.below(random.one_of<std::uint64_t>({1, 3, 50}));
    query.key = random.one_of({SortKey::Cpu, SortKey::User, SortKey::System});
  }
  return queries;
}

}  // namespace

TEST_CASE("ClockScan: every ranking of random processes equals that of a full scan",
          "[clock_scan]") {
  std::size_t stats_read = 0;
  std::size_t stats_there = 0;
  for (const std::uint32_t seed : seeds(20000)) {
    Random random(seed);
    SimulatedKernel kernel;
    populate(kernel, random);
    const std::vector<RankingQuery> queries = random_queries(random);
    const auto fast = scan_all(kernel, queries);
    stats_read += kernel.reads.stats.size();
    stats_there += kernel.pids().size();
    const auto all = scan(kernel, kernel.pids());
    CAPTURE(seed);
    if (!fast) FAIL("a full scan was requested although clocks and stats agree");
    for (const RankingQuery& query : queries) {
      if (rank(fast->processes, query.count, query.key) !=
          rank(all.processes, query.count, query.key)) {
        CAPTURE(query.count, static_cast<int>(query.key));
        FAIL("another ranking");
      }
    }
  }
  CHECK(stats_read < stats_there);
}

TEST_CASE("ClockScan: only the stats of possible results are read", "[clock_scan]") {
  for (const std::size_t count : {1U, 10U, 500U}) {
    SimulatedKernel kernel;
    // Not in the order of pids, and more than three ticks apart.
    for (std::uint64_t i = 0; i < 1000; ++i) {
      kernel.run(kernel.fork(SimulatedKernel::kInit), (i * 387 % 1000) * 2 * kTick,
                 (i * 387 % 1000) * 2 * kTick);
    }
    REQUIRE(scan_all(kernel, {{.count = count}}));
    CHECK(kernel.reads.stats.size() == count);
    // Once for each process, and once more to check each stat.
    CHECK(kernel.reads.clocks.size() == kernel.pids().size() + count);
  }
}

TEST_CASE("ClockScan: processes within two ticks of the last result are read", "[clock_scan]") {
  SimulatedKernel kernel;
  const auto start = [&](std::uint64_t user, std::uint64_t system) {
    const pid_t pid = kernel.fork(SimulatedKernel::kInit);
    kernel.run(pid, user, system);
    return pid;
  };
  // Nearly 12 ticks by its clock, 10 by its stat.
  const pid_t truncated = start(5 * kTick + kTick - 1, 5 * kTick + kTick - 1);
  const pid_t eleven = start(11 * kTick, 0);
  const pid_t ten = start(10 * kTick, 0);
  start(9 * kTick + kTick - 1, 0);
  const auto found = scan_all(kernel, {{.count = 2}});
  REQUIRE(found);
  CHECK(rank(found->processes, 1, SortKey::Cpu).front().pid == eleven);
  const auto& read = kernel.reads.stats;
  CHECK(std::set<pid_t>(read.begin(), read.end()) == std::set<pid_t>{truncated, eleven, ten});
}

TEST_CASE("ClockScan: a clock that truncation of ticks cannot explain is rejected",
          "[clock_scan]") {
  const auto is_accepted = [](std::int64_t back) {
    SimulatedKernel kernel;
    const pid_t pid = kernel.fork(SimulatedKernel::kInit);
    kernel.run(pid, 10 * kTick, 10 * kTick);
    kernel.set_clock_back(pid, back);
    return scan_all(kernel, {{.count = 1}}).has_value();
  };
  constexpr auto tick = static_cast<std::int64_t>(kTick);
  CHECK(is_accepted(0));
  CHECK_FALSE(is_accepted(1));
  CHECK_FALSE(is_accepted(tick));
  CHECK_FALSE(is_accepted(20 * tick));
  // stat may be two ticks lower, and the clock is truncated too.
  CHECK(is_accepted(-3 * tick + 1));
  CHECK_FALSE(is_accepted(-3 * tick));
}

TEST_CASE("ClockScan: the scanner reads all stats while a clock is wrong, and no longer",
          "[clock_scan]") {
  auto owned = std::make_unique<SimulatedKernel>();
  SimulatedKernel& kernel = *owned;
  for (std::uint64_t i = 1; i <= 20; ++i) {
    kernel.run(kernel.fork(SimulatedKernel::kInit), i * 5 * kTick);
  }
  Scanner scanner(std::move(owned), ScanMode::Clocks);
  CHECK_FALSE(scanner.since_start({{.count = 1}}).exited);
  CHECK(kernel.reads.stats.size() == 1);

  const pid_t wrong = kernel.fork(SimulatedKernel::kInit);
  kernel.run(wrong, 1000 * kTick);
  kernel.set_clock_back(wrong, -3 * static_cast<std::int64_t>(kTick));
  kernel.reads = {};
  const auto usage = scanner.since_start({{.count = 1}});
  CHECK(usage.processes.size() == kernel.pids().size());
  CHECK(usage.exited);
  CHECK(rank(usage.processes, 1, SortKey::Cpu).front().pid == wrong);

  kernel.reads = {};
  CHECK(scanner.close(scanner.open()).seen == kernel.pids().size());
  CHECK(kernel.reads.clocks.empty());

  kernel.end(wrong);
  kernel.reads = {};
  CHECK_FALSE(scanner.since_start({{.count = 1}}).exited);
  CHECK(kernel.reads.stats.size() == 1);
  CHECK(scanner.close(scanner.open()).seen == kernel.pids().size());
  CHECK(kernel.reads.stats.size() == 1 + kernel.pids().size());
}

TEST_CASE("ClockScan: without clocks and in mode AllStats, no clock is read", "[clock_scan]") {
  for (const ScanMode mode : {ScanMode::Clocks, ScanMode::AllStats}) {
    auto owned = std::make_unique<SimulatedKernel>();
    SimulatedKernel& kernel = *owned;
    if (mode == ScanMode::Clocks) kernel.disable_clocks();
    for (int i = 0; i < 5; ++i) kernel.run(kernel.fork(SimulatedKernel::kInit), kTick);
    Scanner scanner(std::move(owned), mode);
    CHECK(scanner.since_start({{.count = 1}}).processes.size() == 6);
    CHECK(scanner.close(scanner.open()).processes.size() == 6);
    CHECK(kernel.reads.clocks.empty());
  }
}

TEST_CASE("ClockScan: a pid that is reused between clock and stat is accepted", "[clock_scan]") {
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
  const auto rows = rank(found->processes, 2, SortKey::Cpu);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].pid == other);
  CHECK(rows[1].name == "new");
}

TEST_CASE("ClockScan: a process that runs while it is read is accepted", "[clock_scan]") {
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

TEST_CASE("ClockScan: vanished and unreadable processes are counted", "[clock_scan]") {
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
    if (pid == going && kernel.exists(going)) kernel.end(going);
  };
  const auto found = scan_by_clock(kernel, pids, {{.count = 1}}, std::chrono::nanoseconds(kTick));
  REQUIRE(found);
  CHECK(rank(found->processes, 1, SortKey::Cpu).front().pid == plain);
  CHECK(found->vanished == std::vector<pid_t>{gone});
  CHECK(found->unreadable == 1);
  CHECK(found->seen == 2);  // plain and init
}

TEST_CASE("ClockScan: live_ticks is the sum of all clocks, truncated once", "[clock_scan]") {
  SimulatedKernel kernel;
  for (int i = 0; i < 100; ++i) kernel.run(kernel.fork(SimulatedKernel::kInit), kTick / 2);
  const auto found = scan_all(kernel, {{.count = 1}});
  REQUIRE(found);
  CHECK(found->live_ticks == 50);
}
