#include "proc/group_totals.h"

#include <fmt/format.h>

#include <optional>

#include "support/catch.h"

using namespace topnet::base;
using namespace topnet::proc;
using namespace std::chrono_literals;

namespace {

using Names = std::vector<std::pair<std::string, std::uint64_t>>;

// A window with the ticks that each name used, a third of them in the kernel.
CpuUsage window(const Names& used, std::chrono::milliseconds length = 10s) {
  CpuUsage usage;
  usage.window = length;
  usage.machine =
      CpuTimes{.busy_ticks = 0, .interrupt_ticks = 3, .steal_ticks = {}, .cpus = 2, .forks = {}};
  usage.exited = {{.pid = 7, .name = "sh", .ticks = 5}};
  pid_t pid = 100;
  for (const auto& [name, ticks] : used) {
    usage.processes.push_back(
        {.pid = ++pid, .name = name, .user_ticks = ticks - ticks / 3, .system_ticks = ticks / 3});
    usage.live_ticks += ticks;
  }
  usage.machine->busy_ticks = usage.live_ticks + 5 + 3 + 1;
  return usage;
}

// Empty if the name has no group.
std::optional<std::uint64_t> ticks_of(const GroupTotals& group_totals, const std::string& name) {
  for (const GroupTotal& each : group_totals.totals().groups) {
    if (each.name == name) return each.cpu_ticks();
  }
  return std::nullopt;
}

std::uint64_t explained(const CpuTotals& totals) {
  std::uint64_t sum = totals.other.cpu_ticks() + totals.exited_ticks + totals.interrupt_ticks;
  for (const GroupTotal& each : totals.groups) sum += each.cpu_ticks();
  return sum + totals.unexplained_ticks - totals.overexplained_ticks;
}

}  // namespace

TEST_CASE("GroupTotals: user and system time are added to the group of the name",
          "[group_totals]") {
  GroupTotals group_totals(4);
  group_totals.add(window({{"make", 30}, {"cc", 90}, {"cc", 60}, {"idle", 0}}));
  const CpuTotals& totals = group_totals.totals();
  REQUIRE(totals.groups.size() == 2);
  CHECK(ticks_of(group_totals, "cc") == 150);
  CHECK(ticks_of(group_totals, "make") == 30);
  CHECK(totals.groups.front().user_ticks == 100);
  CHECK(totals.groups.front().system_ticks == 50);
  CHECK(totals.other.cpu_ticks() == 0);
}

TEST_CASE("GroupTotals: the totals add up and never fall", "[group_totals]") {
  GroupTotals group_totals(2);
  int replaced = 0;
  for (std::uint64_t i = 1; i <= 200; ++i) {
    const GroupTotals before = group_totals;
    CpuUsage usage = window({{"a", i % 7},
                             {fmt::format("b{}", i % 13), i},
                             {fmt::format("c{}", i / 10), 300},
                             {"", 2},
                             {"_other", 3}});
    if (i % 5 == 0) usage.machine->busy_ticks /= 2;  // more is found than was busy
    if (i % 11 == 0) usage.exited.reset();
    if (i % 17 == 0) usage.machine.reset();
    group_totals.add(usage);
    const CpuTotals& now = group_totals.totals();
    const CpuTotals& earlier = before.totals();
    int missing = 0;
    for (const GroupTotal& each : earlier.groups) {
      if (const auto ticks = ticks_of(group_totals, each.name)) {
        CHECK(*ticks >= each.cpu_ticks());
      } else {
        ++missing;
      }
    }
    replaced += missing;
    CHECK(now.has_machine == usage.machine.has_value());
    if (!now.has_machine) {
      CHECK(now.busy_ticks == earlier.busy_ticks);
      CHECK(now.overexplained_ticks == earlier.overexplained_ticks);
    } else if (missing == 0) {
      CHECK(explained(now) - explained(earlier) == now.busy_ticks - earlier.busy_ticks);
    }
    CHECK(now.unexplained_ticks >= earlier.unexplained_ticks);
    CHECK(now.overexplained_ticks >= earlier.overexplained_ticks);
    CHECK(now.other.cpu_ticks() >= earlier.other.cpu_ticks());
  }
  CHECK(replaced >= 10);
  CHECK(group_totals.totals().overexplained_ticks > 0);
  CHECK(group_totals.totals().unexplained_ticks > 0);
}

TEST_CASE("GroupTotals: of many names those that use most get groups", "[group_totals]") {
  GroupTotals group_totals(32);
  Names used;
  for (int i = 0; i < 10000; ++i) used.emplace_back(fmt::format("name {}", i), 1 + i % 3);
  group_totals.add(window(used));
  CHECK(group_totals.totals().groups.size() == 32);
  for (const GroupTotal& each : group_totals.totals().groups) CHECK(each.cpu_ticks() == 3);
  CHECK(group_totals.totals().other.cpu_ticks() == group_totals.totals().busy_ticks - 9 - 32 * 3);
}

TEST_CASE("GroupTotals: an empty name and _other get no group", "[group_totals]") {
  GroupTotals group_totals(1);
  for (int i = 0; i < 4; ++i) group_totals.add(window({{"", 1000}, {"_other", 1000}}));
  CHECK(group_totals.totals().groups.empty());
  group_totals.add(window({{"a", 1}}));
  for (int i = 0; i < 4; ++i) group_totals.add(window({{"", 1000}, {"_other", 1000}}));
  CHECK(ticks_of(group_totals, "a") == 1);
  CHECK(group_totals.totals().other.cpu_ticks() == 16000);
}

TEST_CASE("GroupTotals: with 0 groups all names are in the other group", "[group_totals]") {
  GroupTotals group_totals(0);
  group_totals.add(window({{"a", 50000}}, 400s));
  CHECK(group_totals.totals().other.cpu_ticks() == 50000);
}

TEST_CASE("GroupTotals: after 30 s a heavy name replaces the lightest", "[group_totals]") {
  GroupTotals group_totals(3);
  // 10 % of a CPU in 10 s are 100 ticks.
  const Names used = {{"a", 30}, {"b", 10}, {"c", 20}, {"heavy", 101}, {"light", 100}};
  group_totals.add(window({{"a", 30}, {"b", 10}, {"c", 20}}));
  group_totals.add(window(used));
  group_totals.add(window(used, 9'999ms));
  group_totals.add(window({{"heavy", 101}}, 10s));
  CHECK_FALSE(ticks_of(group_totals, "heavy"));
  const CpuTotals before = group_totals.totals();
  group_totals.add(window(used));
  CHECK(ticks_of(group_totals, "heavy") == 0);
  CHECK_FALSE(ticks_of(group_totals, "b"));
  CHECK(group_totals.totals().other.cpu_ticks() == before.other.cpu_ticks() + 201);
  group_totals.add(window(used));
  CHECK(ticks_of(group_totals, "heavy") == 101);
  CHECK(ticks_of(group_totals, "a") == 150);
  CHECK(ticks_of(group_totals, "c") == 100);
  CHECK_FALSE(ticks_of(group_totals, "light"));
  CHECK(group_totals.totals().other.cpu_ticks() == before.other.cpu_ticks() + 201 + 110);
}

TEST_CASE("GroupTotals: a window that is not heavy restarts the 30 s", "[group_totals]") {
  GroupTotals group_totals(1);
  group_totals.add(window({{"a", 1}}));
  for (int i = 0; i < 10; ++i) {
    group_totals.add(window({{"b", 500}}, 29'999ms));
    group_totals.add(window({{"b", i % 2 == 0 ? 1U : 0U}}, 1s));
  }
  CHECK(ticks_of(group_totals, "a") == 1);
}

TEST_CASE("GroupTotals: use from more than an hour ago does not count", "[group_totals]") {
  GroupTotals group_totals(2);
  group_totals.add(window({{"past", 5000}, {"present", 1}}));
  const auto replaces_past_after = [&](std::chrono::milliseconds time) {
    GroupTotals later = group_totals;
    later.add(window({}, time));
    later.add(window({{"present", 1}, {"heavy", 5000}}, 30s));
    return !ticks_of(later, "past");
  };
  CHECK_FALSE(replaces_past_after(49min));
  CHECK(replaces_past_after(60min));
}

TEST_CASE("GroupTotals: heavy names do not replace each other", "[group_totals]") {
  GroupTotals group_totals(2);
  group_totals.add(window({{"a", 5000}, {"b", 5000}}));
  const Names heavy = {{"c", 500}, {"d", 400}, {"e", 300}};
  for (int i = 0; i < 20; ++i) group_totals.add(window(heavy));
  CHECK(ticks_of(group_totals, "c") == 17 * 500);
  CHECK(ticks_of(group_totals, "d") == 17 * 400);
  // As soon as one of them is not heavy, the next one gets its group.
  group_totals.add(window({{"c", 100}, {"d", 400}, {"e", 300}}));
  CHECK_FALSE(ticks_of(group_totals, "c"));
  CHECK(ticks_of(group_totals, "e") == 0);
}
