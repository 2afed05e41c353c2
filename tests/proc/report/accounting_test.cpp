#include "proc/report/accounting.h"

#include <limits>

#include "support/catch.h"
#include "support/random.h"

using topnet::proc::account_for;
using topnet::proc::Accounting;
using topnet::proc::CpuTimes;
using topnet::proc::CpuUsage;
using topnet::test::Random;
using topnet::test::seeds;

namespace {

CpuUsage usage_of(std::uint64_t busy, std::uint64_t interrupts, std::uint64_t live) {
  CpuUsage usage;
  usage.machine = CpuTimes{.busy_ticks = busy, .interrupt_ticks = interrupts};
  usage.live_ticks = live;
  return usage;
}

}  // namespace

TEST_CASE("Accounting: busy time is split into its parts", "[accounting]") {
  CpuUsage usage = usage_of(908, 1, 354);
  usage.exited = {{812, "make", 391}, {90, "bash", 29}};
  const auto accounting = account_for(usage, {{.user_ticks = 40, .system_ticks = 6}});
  REQUIRE(accounting);
  CHECK(*accounting == Accounting{.busy_ticks = 908,
                                  .listed_ticks = 46,
                                  .other_ticks = 308,
                                  .interrupt_ticks = 1,
                                  .exited_ticks = 420,
                                  .unexplained_ticks = 133,
                                  .exited_by_parent = *usage.exited});
  CHECK(*accounting->explained_ratio() == Approx(775.0 / 908));
}

TEST_CASE("Accounting: unknown exited time is part of the unexplained time", "[accounting]") {
  const auto accounting = account_for(usage_of(1000, 1, 390), {{.user_ticks = 50}});
  REQUIRE(accounting);
  CHECK_FALSE(accounting->exited_ticks);
  CHECK(accounting->unexplained_ticks == 609);
  CHECK_FALSE(accounting->explained_ratio());
  CHECK(accounting->exited_by_parent.empty());
}

TEST_CASE("Accounting: more explained than busy time is not scaled", "[accounting]") {
  CpuUsage usage = usage_of(100, 0, 104);
  usage.exited.emplace();
  CHECK(account_for(usage, {})->unexplained_ticks == -4);
  CHECK(*account_for(usage, {})->explained_ratio() == Approx(1.04));
  usage.machine->busy_ticks = 0;
  CHECK(account_for(usage, {})->unexplained_ticks == -104);
  CHECK_FALSE(account_for(usage, {})->explained_ratio());
  usage.machine.reset();
  CHECK_FALSE(account_for(usage, {}));
}

TEST_CASE("Accounting: at most five parents are named, and all are counted", "[accounting]") {
  CpuUsage usage = usage_of(100, 0, 0);
  usage.exited.emplace();
  for (pid_t pid = 1; pid <= 7; ++pid) usage.exited->push_back({pid, "p", 10});
  const auto accounting = account_for(usage, {});
  CHECK(accounting->exited_ticks == 70U);
  CHECK(accounting->exited_by_parent.size() == 5);
  CHECK(accounting->exited_by_parent.back().pid == 5);
}

TEST_CASE("Accounting: the time of other processes is never negative", "[accounting]") {
  // The listed process ran on after the clocks had been read.
  const auto accounting = account_for(usage_of(100, 0, 50), {{.user_ticks = 51}});
  CHECK(accounting->other_ticks == 0);
  CHECK(accounting->unexplained_ticks == 49);
}

TEST_CASE("Accounting: the parts add up to the busy time for any figures", "[accounting]") {
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  for (const std::uint32_t seed : seeds(5000)) {
    Random random(seed);
    const auto figure = [&] {
      return random.one_of<std::uint64_t>(
          {0, 1, random.below(1000), std::uint64_t{1} << 62U, std::uint64_t{1} << 63U, most});
    };
    CpuUsage usage = usage_of(figure(), figure(), figure());
    if (random.one_in(2)) usage.exited = {{7, "a", figure()}, {8, "b", figure()}};
    const auto accounting = account_for(
        usage, {{.user_ticks = std::uint64_t{1} << 62U, .system_ticks = random.below(9)}, {}});
    CAPTURE(seed);
    REQUIRE(accounting->listed_ticks + accounting->other_ticks + accounting->interrupt_ticks +
                accounting->exited_ticks.value_or(0) +
                static_cast<std::uint64_t>(accounting->unexplained_ticks) ==
            accounting->busy_ticks);
  }
}
