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

TEST_CASE("a culprit gets a name, however busily all groups trickle") {
  CpuCounter counter(4);
  std::vector<std::pair<std::string, std::uint64_t>> trickle;
  for (int i = 0; i < 40; ++i) trickle.emplace_back(fmt::format("name {}", i), 1 + i % 9);
  std::vector<CpuTotals> scrapes;
  const auto pass = [&](std::chrono::milliseconds time) {
    for (auto passed = 0ms; passed < time; passed += 10s) {
      counter.add(window(trickle), counter.totals().watched);
      scrapes.push_back(counter.totals());
    }
  };
  pass(140s);
  CHECK(counter.totals().groups.size() == 4);
  CHECK(ticks_of(counter.totals(), "culprit") == 0);
  trickle.emplace_back("culprit", 1000);
  pass(10s);
  CHECK(ticks_of(counter.totals(), "culprit") == 1000);
  CHECK(counter.totals().groups.size() == 4);
  // Another one has to wait until somebody has rested for long enough.
  trickle.emplace_back("second", 500);
  pass(120s);
  CHECK(ticks_of(counter.totals(), "second") == 0);
  pass(10s);
  CHECK(ticks_of(counter.totals(), "second") == 500);
  CHECK(ticks_of(counter.totals(), "culprit") == 14 * 1000);
  // Between any two that are not more than two minutes apart nothing is missing.
  for (std::size_t a = 0; a < scrapes.size(); ++a) {
    for (std::size_t b = a; b < std::min(a + 13, scrapes.size()); ++b) {
      CHECK(growth(scrapes[a], scrapes[b]) == scrapes[b].busy_ticks - scrapes[a].busy_ticks);
    }
  }
}

TEST_CASE("a group may be a culprit's once it has rested for long enough and was read") {
  CpuCounter counter(2);
  counter.add(window({{"first", 8}, {"second", 9}}), 0ms);  // "first" rests from 10 s on
  const auto after = [&](std::chrono::milliseconds rested, std::chrono::milliseconds read,
                         std::uint64_t used) {
    CpuCounter later = counter;
    later.add(window({}, rested - 10s), 0ms);
    later.add(window({{"culprit", used}, {"first", 1}}), read);
    return later.totals();
  };
  // A tenth of a CPU in ten seconds are 100 ticks.
  const CpuTotals given = after(130s, 10s, 100);
  CHECK(ticks_of(given, "culprit") == 100);
  CHECK(ticks_of(given, "first") == 0);
  for (const CpuTotals& kept :
       {after(129s, 10s, 100), after(130s, 9999ms, 100), after(130s, 10s, 99)}) {
    CHECK(ticks_of(kept, "culprit") == 0);
    CHECK(ticks_of(kept, "first") == 8);
    CHECK(kept.other.cpu_ticks() >= 100);
  }
}

TEST_CASE("a group that rests goes on where it was once its name is a culprit") {
  CpuCounter counter(2);
  counter.add(window({{"first", 8}, {"second", 9}}), 0ms);
  counter.add(window({{"first", 7}, {"second", 7}}), 0ms);
  CHECK(ticks_of(counter.totals(), "first") == 8);
  CHECK(counter.totals().other.cpu_ticks() == 7);
  counter.add(window({{"first", 100}}), 0ms);
  CHECK(ticks_of(counter.totals(), "first") == 108);
  CHECK(counter.totals().other.cpu_ticks() == 7);
}

TEST_CASE("a culprit is not put to rest before it was none for five minutes") {
  CpuCounter counter(2);
  counter.add(window({{"first", 200}, {"second", 300}}), 0ms);
  counter.add(window({}, 289s), 0ms);
  counter.add(window({{"first", 1}}), 0ms);
  CHECK(ticks_of(counter.totals(), "first") == 201);
  counter.add(window({}, 1s), 0ms);
  counter.add(window({{"first", 1}}), 0ms);
  CHECK(counter.totals().other.cpu_ticks() == 1);
}

TEST_CASE("a name that has lost its group gets another one once that was seen by everybody") {
  CpuCounter counter(8);
  std::vector<std::pair<std::string, std::uint64_t>> trickle;
  for (std::uint64_t i = 0; i < 8; ++i) trickle.emplace_back(fmt::format("name {}", i), 8 + i);
  std::vector<CpuTotals> scrapes;
  const auto add = [&](const Usage& usage) {
    counter.add(usage, counter.totals().watched);
    scrapes.push_back(counter.totals());
  };
  for (int i = 0; i < 14; ++i) add(window(trickle));  // "name 0" and "name 1" rest
  add(window({{"culprit", 100}}));
  CHECK(ticks_of(counter.totals(), "name 1") == 0);
  const std::uint64_t other = counter.totals().other.cpu_ticks();
  for (int i = 0; i < 12; ++i) add(window({{"name 1", 100}}));
  CHECK(ticks_of(counter.totals(), "name 1") == 0);
  CHECK(counter.totals().other.cpu_ticks() == other + 1200);
  add(window({{"name 1", 100}}));
  CHECK(ticks_of(counter.totals(), "name 1") == 100);
  for (std::size_t a = 0; a < scrapes.size(); ++a) {
    for (std::size_t b = a; b < std::min(a + 13, scrapes.size()); ++b) {
      CHECK(growth(scrapes[a], scrapes[b]) == scrapes[b].busy_ticks - scrapes[a].busy_ticks);
      for (const GroupTotal& each : scrapes[b].groups) {
        CHECK(each.cpu_ticks() >= ticks_of(scrapes[a], each.name));
      }
    }
  }
}

TEST_CASE("without groups all names are in the other one") {
  CpuCounter counter(0);
  counter.add(window({{"a", 500}}, 400s), 0ms);
  CHECK(counter.totals().other.cpu_ticks() == 500);
}
