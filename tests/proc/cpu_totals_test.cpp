#include "proc/cpu_totals.h"

#include <fmt/format.h>

#include <algorithm>

#include "support/catch.h"

using namespace topnet::proc;
using namespace std::chrono_literals;

namespace {

// A window of ten seconds in which these names have used so many ticks, a third of it in the
// kernel.
Usage window(const std::vector<std::pair<std::string, std::uint64_t>>& used,
             std::chrono::milliseconds length = 10s) {
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

std::uint64_t ticks_of(const CpuTotals& totals, const std::string& name) {
  if (name == kOtherGroup) return totals.other.cpu_ticks();
  for (const GroupTotal& each : totals.groups) {
    if (each.name == name) return each.cpu_ticks();
  }
  return 0;
}

// By the names of both: what a scraper that adds up each series for itself finds between two of its
// scrapes.
std::uint64_t growth(const CpuTotals& before, const CpuTotals& now) {
  std::uint64_t sum = now.other.cpu_ticks() - before.other.cpu_ticks();
  for (const GroupTotal& each : now.groups) sum += each.cpu_ticks() - ticks_of(before, each.name);
  sum += now.ended_ticks - before.ended_ticks;
  sum += now.interrupt_ticks - before.interrupt_ticks;
  sum += now.unexplained_ticks - before.unexplained_ticks;
  return sum - (now.overexplained_ticks - before.overexplained_ticks);
}

}  // namespace

TEST_CASE("what each name has used is in its group, user and system time apart") {
  CpuCounter counter(4);
  counter.add(window({{"make", 30}, {"cc", 90}, {"cc", 60}, {"idle", 0}}), 0ms);
  const CpuTotals& totals = counter.totals();
  REQUIRE(totals.groups.size() == 2);
  CHECK(ticks_of(totals, "cc") == 150);
  CHECK(ticks_of(totals, "make") == 30);
  CHECK(totals.groups.front().user_ticks == 100);
  CHECK(totals.groups.front().system_ticks == 50);
  CHECK(totals.other.cpu_ticks() == 0);
  CHECK(totals.watched == 10s);
}

TEST_CASE("the totals add up, and never go back, whatever a window holds") {
  CpuCounter counter(2);
  for (std::uint64_t i = 1; i <= 200; ++i) {
    const CpuTotals before = counter.totals();
    Usage usage =
        window({{"a", i % 7}, {fmt::format("name {}", i % 13), i}, {"", 2}, {"_other", 3}});
    if (i % 5 == 0) usage.machine->busy_ticks /= 2;  // more is found than was busy
    if (i % 11 == 0) usage.ended.reset();
    if (i % 17 == 0) usage.machine.reset();
    counter.add(usage, before.watched);
    const CpuTotals& now = counter.totals();
    CHECK(growth(before, now) == now.busy_ticks - before.busy_ticks);
    CHECK(now.unexplained_ticks >= before.unexplained_ticks);
    CHECK(now.overexplained_ticks >= before.overexplained_ticks);
    CHECK(now.other.cpu_ticks() >= before.other.cpu_ticks());
  }
  CHECK(counter.totals().overexplained_ticks > 0);
  CHECK(counter.totals().unexplained_ticks > 0);
}

TEST_CASE("ten thousand names make as many groups as there may be, and the other one") {
  CpuCounter counter(32);
  std::vector<std::pair<std::string, std::uint64_t>> used;
  for (int i = 0; i < 10000; ++i) used.emplace_back(fmt::format("name {}", i), 1 + i % 3);
  counter.add(window(used), 0ms);
  CHECK(counter.totals().groups.size() == 32);
  for (const GroupTotal& each : counter.totals().groups) CHECK(each.cpu_ticks() == 3);
  CHECK(counter.totals().other.cpu_ticks() == counter.totals().busy_ticks - 9 - 32 * 3);
}

TEST_CASE("a name that nobody can be is in the other group") {
  CpuCounter counter(4);
  counter.add(window({{"", 1}, {"_other", 2}}), 0ms);
  CHECK(counter.totals().groups.empty());
  CHECK(counter.totals().other.cpu_ticks() == 3);
}

TEST_CASE("a culprit gets the group of who has been idle for long and was read since") {
  CpuCounter counter(2);
  counter.add(window({{"first", 10}, {"second", 9}}), 0ms);
  counter.add(window({{"second", 1}}), 0ms);
  const auto after = [&](std::chrono::milliseconds idle, std::chrono::milliseconds read,
                         std::uint64_t used) {
    CpuCounter later = counter;
    later.add(window({}, idle - 20s), 0ms);
    const CpuTotals before = later.totals();
    later.add(window({{"culprit", used}}), read);
    CHECK(growth(before, later.totals()) == later.totals().busy_ticks - before.busy_ticks);
    CHECK(ticks_of(later.totals(), "second") == 10);
    return later.totals();
  };
  // A tenth of a CPU in ten seconds are 100 ticks; "first" was used until 10 s.
  const CpuTotals given = after(310s, 10s, 100);
  CHECK(ticks_of(given, "culprit") == 100);
  CHECK(ticks_of(given, "first") == 0);
  for (const CpuTotals& kept :
       {after(299s, 10s, 100), after(310s, 9999ms, 100), after(310s, 10s, 99)}) {
    CHECK(ticks_of(kept, "culprit") == 0);
    CHECK(ticks_of(kept, "first") == 10);
    CHECK(kept.other.cpu_ticks() >= 99);
  }
}

TEST_CASE("without groups all names are in the other one") {
  CpuCounter counter(0);
  counter.add(window({{"a", 500}}, 400s), 0ms);
  CHECK(counter.totals().other.cpu_ticks() == 500);
}
