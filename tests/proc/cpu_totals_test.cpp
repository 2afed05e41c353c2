#include "proc/cpu_totals.h"

#include <fmt/format.h>

#include <optional>

#include "support/catch.h"

using namespace topnet::proc;
using namespace std::chrono_literals;

namespace {

using Names = std::vector<std::pair<std::string, std::uint64_t>>;

// A window in which these names have used so many ticks, a third of it in the kernel.
Usage window(const Names& used, std::chrono::milliseconds length = 10s) {
  Usage usage;
  usage.window = length;
  usage.machine = CpuTimes{.busy_ticks = 0, .interrupt_ticks = 3, .cpus = 2, .forks = {}};
  usage.ended = {{.pid = 7, .name = "sh", .ticks = 5}};
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
std::optional<std::uint64_t> ticks_of(const CpuCounter& counter, const std::string& name) {
  for (const GroupTotal& each : counter.totals().groups) {
    if (each.name == name) return each.cpu_ticks();
  }
  return std::nullopt;
}

std::uint64_t explained(const CpuTotals& totals) {
  std::uint64_t sum = totals.other.cpu_ticks() + totals.ended_ticks + totals.interrupt_ticks;
  for (const GroupTotal& each : totals.groups) sum += each.cpu_ticks();
  return sum + totals.unexplained_ticks - totals.overexplained_ticks;
}

}  // namespace

TEST_CASE("CpuCounter: user and system time of each name are in its group", "[cpu_totals]") {
  CpuCounter counter(4);
  counter.add(window({{"make", 30}, {"cc", 90}, {"cc", 60}, {"idle", 0}}));
  const CpuTotals& totals = counter.totals();
  REQUIRE(totals.groups.size() == 2);
  CHECK(ticks_of(counter, "cc") == 150);
  CHECK(ticks_of(counter, "make") == 30);
  CHECK(totals.groups.front().user_ticks == 100);
  CHECK(totals.groups.front().system_ticks == 50);
  CHECK(totals.other.cpu_ticks() == 0);
}

TEST_CASE("CpuCounter: the totals add up and never fall", "[cpu_totals]") {
  CpuCounter counter(2);
  int replaced = 0;
  for (std::uint64_t i = 1; i <= 200; ++i) {
    const CpuCounter before = counter;
    Usage usage = window({{"a", i % 7},
                          {fmt::format("b{}", i % 13), i},
                          {fmt::format("c{}", i / 10), 300},
                          {"", 2},
                          {"_other", 3}});
    if (i % 5 == 0) usage.machine->busy_ticks /= 2;  // more is found than was busy
    if (i % 11 == 0) usage.ended.reset();
    if (i % 17 == 0) usage.machine.reset();
    counter.add(usage);
    const CpuTotals& now = counter.totals();
    const CpuTotals& then = before.totals();
    int ended = 0;
    for (const GroupTotal& each : then.groups) {
      if (const auto ticks = ticks_of(counter, each.name)) {
        CHECK(*ticks >= each.cpu_ticks());
      } else {
        ++ended;
      }
    }
    replaced += ended;
    if (ended == 0) CHECK(explained(now) - explained(then) == now.busy_ticks - then.busy_ticks);
    CHECK(now.unexplained_ticks >= then.unexplained_ticks);
    CHECK(now.overexplained_ticks >= then.overexplained_ticks);
    CHECK(now.other.cpu_ticks() >= then.other.cpu_ticks());
  }
  CHECK(replaced >= 10);
  CHECK(counter.totals().overexplained_ticks > 0);
  CHECK(counter.totals().unexplained_ticks > 0);
}

TEST_CASE("CpuCounter: of many names those that use most get the groups", "[cpu_totals]") {
  CpuCounter counter(32);
  Names used;
  for (int i = 0; i < 10000; ++i) used.emplace_back(fmt::format("name {}", i), 1 + i % 3);
  counter.add(window(used));
  CHECK(counter.totals().groups.size() == 32);
  for (const GroupTotal& each : counter.totals().groups) CHECK(each.cpu_ticks() == 3);
  CHECK(counter.totals().other.cpu_ticks() == counter.totals().busy_ticks - 9 - 32 * 3);
}

TEST_CASE("CpuCounter: an empty name and _other get no group", "[cpu_totals]") {
  CpuCounter counter(1);
  for (int i = 0; i < 4; ++i) counter.add(window({{"", 1000}, {"_other", 1000}}));
  CHECK(counter.totals().groups.empty());
  counter.add(window({{"a", 1}}));
  for (int i = 0; i < 4; ++i) counter.add(window({{"", 1000}, {"_other", 1000}}));
  CHECK(ticks_of(counter, "a") == 1);
  CHECK(counter.totals().other.cpu_ticks() == 16000);
}

TEST_CASE("CpuCounter: without groups all names are in the other one", "[cpu_totals]") {
  CpuCounter counter(0);
  counter.add(window({{"a", 50000}}, 400s));
  CHECK(counter.totals().other.cpu_ticks() == 50000);
}

TEST_CASE("CpuCounter: after 30 s a heavy name replaces the lightest", "[cpu_totals]") {
  CpuCounter counter(3);
  // 10 % of a CPU in 10 s are 100 ticks.
  const Names used = {{"a", 30}, {"b", 10}, {"c", 20}, {"heavy", 101}, {"light", 100}};
  counter.add(window({{"a", 30}, {"b", 10}, {"c", 20}}));
  counter.add(window(used));
  counter.add(window(used, 9'999ms));
  counter.add(window({{"heavy", 101}}, 10s));
  CHECK_FALSE(ticks_of(counter, "heavy"));
  const CpuTotals before = counter.totals();
  counter.add(window(used));
  CHECK(ticks_of(counter, "heavy") == 0);
  CHECK_FALSE(ticks_of(counter, "b"));
  CHECK(counter.totals().other.cpu_ticks() == before.other.cpu_ticks() + 201);
  counter.add(window(used));
  CHECK(ticks_of(counter, "heavy") == 101);
  CHECK(ticks_of(counter, "a") == 150);
  CHECK(ticks_of(counter, "c") == 100);
  CHECK_FALSE(ticks_of(counter, "light"));
  CHECK(counter.totals().other.cpu_ticks() == before.other.cpu_ticks() + 201 + 110);
}

TEST_CASE("CpuCounter: a window that is not heavy starts the 30 s again", "[cpu_totals]") {
  CpuCounter counter(1);
  counter.add(window({{"a", 1}}));
  for (int i = 0; i < 10; ++i) {
    counter.add(window({{"b", 500}}, 29'999ms));
    counter.add(window({{"b", i % 2 == 0 ? 1U : 0U}}, 1s));
  }
  CHECK(ticks_of(counter, "a") == 1);
}

TEST_CASE("CpuCounter: use more than an hour ago does not count", "[cpu_totals]") {
  CpuCounter counter(2);
  counter.add(window({{"past", 5000}, {"present", 1}}));
  const auto replaces_past_after = [&](std::chrono::milliseconds time) {
    CpuCounter later = counter;
    later.add(window({}, time));
    later.add(window({{"present", 1}, {"heavy", 5000}}, 30s));
    return !ticks_of(later, "past");
  };
  CHECK_FALSE(replaces_past_after(49min));
  CHECK(replaces_past_after(60min));
}

TEST_CASE("CpuCounter: heavy names do not replace each other", "[cpu_totals]") {
  CpuCounter counter(2);
  counter.add(window({{"a", 5000}, {"b", 5000}}));
  const Names heavy = {{"c", 500}, {"d", 400}, {"e", 300}};
  for (int i = 0; i < 20; ++i) counter.add(window(heavy));
  CHECK(ticks_of(counter, "c") == 17 * 500);
  CHECK(ticks_of(counter, "d") == 17 * 400);
  // As soon as one of them is not heavy, the next one gets its group.
  counter.add(window({{"c", 100}, {"d", 400}, {"e", 300}}));
  CHECK_FALSE(ticks_of(counter, "c"));
  CHECK(ticks_of(counter, "e") == 0);
}

TEST_CASE("CpuCounter: a name that returns starts at 0", "[cpu_totals]") {
  CpuCounter counter(1);
  counter.add(window({{"a", 700}}));
  counter.add(window({{"b", 400}}, 30s));
  CHECK_FALSE(ticks_of(counter, "a"));
  counter.add(window({{"a", 400}}, 30s));
  CHECK(ticks_of(counter, "a") == 0);
  CHECK_FALSE(ticks_of(counter, "b"));
  CHECK(counter.totals().other.cpu_ticks() == 800);
}
