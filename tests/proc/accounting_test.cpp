#include "proc/accounting.h"

#include <limits>

#include "support/catch.h"
#include "support/dice.h"

using topnet::proc::account_for;
using topnet::proc::Accounting;
using topnet::proc::CpuTimes;
using topnet::proc::EndedChildren;
using topnet::proc::Process;
using topnet::proc::Usage;
using topnet::test::Dice;
using topnet::test::seeds;

namespace {

Usage usage_of(std::uint64_t busy, std::uint64_t interrupts, std::uint64_t live) {
  Usage usage;
  usage.machine = CpuTimes{.busy_ticks = busy, .interrupt_ticks = interrupts};
  usage.live_ticks = live;
  return usage;
}

}  // namespace

TEST_CASE("what was busy is told apart, and the rest is unexplained") {
  Usage usage = usage_of(908, 1, 354);
  usage.ended = {{812, "make", 391}, {90, "bash", 29}};
  const auto accounting = account_for(usage, {{.user_ticks = 40, .system_ticks = 6}});
  REQUIRE(accounting);
  CHECK(*accounting == Accounting{.busy_ticks = 908,
                                  .listed_ticks = 46,
                                  .other_ticks = 308,
                                  .interrupt_ticks = 1,
                                  .ended_ticks = 420,
                                  .unexplained_ticks = 133,
                                  .ended_by_parent = *usage.ended});
  CHECK(*accounting->explained_ratio() == Approx(775.0 / 908));
}

TEST_CASE(
    "where the ended are not known, they stand in the rest, and nothing is explained by them") {
  const auto accounting = account_for(usage_of(1000, 1, 390), {{.user_ticks = 50}});
  REQUIRE(accounting);
  CHECK_FALSE(accounting->ended_ticks);
  CHECK(accounting->unexplained_ticks == 609);
  CHECK_FALSE(accounting->explained_ratio());
  CHECK(accounting->ended_by_parent.empty());
}

TEST_CASE("no busy time makes no ratio, and unknown busy time no accounting") {
  Usage usage = usage_of(0, 0, 5);
  usage.ended.emplace();
  CHECK_FALSE(account_for(usage, {})->explained_ratio());
  CHECK(account_for(usage, {})->unexplained_ticks == -5);
  usage.machine.reset();
  CHECK_FALSE(account_for(usage, {}));
}

TEST_CASE("more found than was busy is a ratio above one, and not scaled away") {
  Usage usage = usage_of(100, 0, 104);
  usage.ended.emplace();
  CHECK(account_for(usage, {})->unexplained_ticks == -4);
  CHECK(*account_for(usage, {})->explained_ratio() == Approx(1.04));
}

TEST_CASE("five parents at most are named, and all are counted") {
  Usage usage = usage_of(100, 0, 0);
  usage.ended.emplace();
  for (pid_t pid = 1; pid <= 7; ++pid) usage.ended->push_back({pid, "p", 10});
  const auto accounting = account_for(usage, {});
  CHECK(accounting->ended_ticks == 70U);
  CHECK(accounting->ended_by_parent.size() == 5);
  CHECK(accounting->ended_by_parent.back().pid == 5);
}

TEST_CASE("a process that ran on since the clocks were asked makes no negative rest of others") {
  const auto accounting = account_for(usage_of(100, 0, 50), {{.user_ticks = 51}});
  CHECK(accounting->other_ticks == 0);
  CHECK(accounting->unexplained_ticks == 49);
}

TEST_CASE("the parts always add up to what was busy, whatever the figures are") {
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  for (const std::uint32_t seed : seeds(5000)) {
    Dice dice(seed);
    const auto figure = [&] {
      return dice.one_of<std::uint64_t>(
          {0, 1, dice.below(1000), std::uint64_t{1} << 62U, std::uint64_t{1} << 63U, most});
    };
    Usage usage = usage_of(figure(), figure(), figure());
    if (dice.one_in(2)) usage.ended = {{7, "a", figure()}, {8, "b", figure()}};
    const auto accounting = account_for(
        usage, {{.user_ticks = std::uint64_t{1} << 62U, .system_ticks = dice.below(9)}, {}});
    CAPTURE(seed);
    REQUIRE(accounting->listed_ticks + accounting->other_ticks + accounting->interrupt_ticks +
                accounting->ended_ticks.value_or(0) +
                static_cast<std::uint64_t>(accounting->unexplained_ticks) ==
            accounting->busy_ticks);
  }
}
