#include "proc/pid_list.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "proc/procfs.h"
#include "support/catch.h"
#include "support/random.h"
#include "support/simulated_kernel.h"

using topnet::proc::PidList;
using topnet::proc::Procfs;
using topnet::test::kInit;
using topnet::test::Random;
using topnet::test::seeds;
using topnet::test::SimulatedKernel;
using namespace std::chrono_literals;

namespace {

// A simulated kernel, the list of its pids, and a simulated time.
struct PidListFixture {
  SimulatedKernel kernel;
  PidList list{kernel};
  PidList::Clock::time_point now{1h};

  explicit PidListFixture(std::uint64_t pid_limit = 32768) : kernel(pid_limit) {}

  const std::vector<pid_t>& update_after(std::chrono::milliseconds time) {
    now += time;
    return list.update(kernel.forks(), now);
  }

  // Updates until no walk is needed.
  void settle() {
    update_after(0ms);
    update_after(200ms);
    REQUIRE(list.walks() == 2);
    REQUIRE(update_after(200ms) == kernel.pids());
    REQUIRE(list.walks() == 2);
  }
};

bool holds(const std::vector<pid_t>& pids, pid_t pid) {
  return std::binary_search(pids.begin(), pids.end(), pid);
}

}  // namespace

TEST_CASE("PidList: without new processes the folder is not read", "[pid_list]") {
  PidListFixture fixture;
  for (int i = 0; i < 100; ++i) fixture.kernel.fork(kInit);
  fixture.settle();
  fixture.kernel.reads = {};
  for (int i = 0; i < 40; ++i) CHECK(fixture.update_after(200ms) == fixture.kernel.pids());
  CHECK(fixture.list.walks() == 2);
  CHECK(fixture.kernel.reads.entries == 0);
}

TEST_CASE("PidList: new pids are found without a walk", "[pid_list]") {
  PidListFixture fixture;
  for (int i = 0; i < 1000; ++i) fixture.kernel.fork(kInit);
  fixture.settle();
  fixture.kernel.reads = {};
  for (int i = 0; i < 40; ++i) {
    fixture.kernel.fork(kInit);
    CHECK(fixture.update_after(200ms) == fixture.kernel.pids());
  }
  CHECK(fixture.list.walks() == 2);
  // Entries are read again until they have settled.
  CHECK(fixture.kernel.reads.entries <= 4 * 40);
}

TEST_CASE("PidList: processes after an exited one are found", "[pid_list]") {
  PidListFixture fixture;
  for (int i = 0; i < 20; ++i) fixture.kernel.fork(kInit);
  fixture.settle();
  // The list continues reading at this process.
  const pid_t last = fixture.kernel.pids().back();
  fixture.kernel.end(last);
  fixture.list.remove({last});
  const pid_t next = fixture.kernel.fork(kInit);
  CHECK(fixture.update_after(200ms) == fixture.kernel.pids());
  CHECK(holds(fixture.list.update(fixture.kernel.forks(), fixture.now), next));
  CHECK(fixture.list.walks() == 2);
}

TEST_CASE("PidList: a process that appears after its pid was assigned is found", "[pid_list]") {
  // For all intervals between updates, also if other pids follow.
  for (const auto pause : {1ms, 50ms, 99ms, 100ms, 101ms, 1000ms}) {
    for (const bool others_follow : {false, true}) {
      CAPTURE(pause.count(), others_follow);
      PidListFixture fixture;
      fixture.settle();
      const pid_t late = fixture.kernel.fork_hidden(kInit);
      if (others_follow) fixture.kernel.fork(kInit);
      CHECK_FALSE(holds(fixture.update_after(pause), late));
      fixture.kernel.show(late);
      if (others_follow) fixture.kernel.fork(kInit);
      CHECK(holds(fixture.update_after(pause), late));
      for (int i = 0; i < 5; ++i) CHECK(fixture.update_after(pause) == fixture.kernel.pids());
      CHECK(fixture.list.walks() == 2);
    }
  }
}

TEST_CASE("PidList: a wrap-around of pids forces a full walk", "[pid_list]") {
  PidListFixture fixture(400);
  while (fixture.kernel.pids().back() < 399) fixture.kernel.fork(kInit);
  for (const pid_t pid : {30, 40, 50}) fixture.kernel.end(pid);
  fixture.settle();
  REQUIRE(fixture.kernel.fork(kInit) == 30);
  CHECK(fixture.update_after(200ms) == fixture.kernel.pids());
  CHECK(fixture.list.walks() == 3);
}

TEST_CASE("PidList: a complete round of pids forces a full walk", "[pid_list]") {
  for (const std::uint64_t limit : {301U, 1000U, 32768U}) {
    // With many pids in use by threads, which the kernel skips.
    for (const std::uint64_t skipped : {limit / 10, limit / 2, limit * 3 / 4}) {
      CAPTURE(limit, skipped);
      PidListFixture fixture(limit);
      for (int i = 0; i < 50; ++i) fixture.kernel.fork(kInit);
      fixture.settle();
      fixture.kernel.end(25);
      fixture.list.remove({25});
      const pid_t before = *fixture.kernel.read_last_pid();
      const std::uint64_t round = limit - SimulatedKernel::kFirstReusedPid - skipped;
      for (std::uint64_t i = 0; i < round; ++i) fixture.kernel.start_thread();
      fixture.kernel.continue_pids_from(SimulatedKernel::kFirstReusedPid);
      REQUIRE(fixture.kernel.fork(kInit) == 25);
      fixture.kernel.continue_pids_from(before + 1);
      fixture.kernel.fork(kInit);
      CHECK(fixture.update_after(200ms) == fixture.kernel.pids());
    }
  }
}

TEST_CASE("PidList: a process with a chosen pid is found by the regular walk", "[pid_list]") {
  PidListFixture fixture;
  for (int i = 0; i < 20; ++i) fixture.kernel.fork(kInit);
  fixture.settle();
  const pid_t last = *fixture.kernel.read_last_pid();
  fixture.kernel.end(10);
  fixture.list.remove({10});
  fixture.kernel.continue_pids_from(10);
  REQUIRE(fixture.kernel.fork(kInit) == 10);
  fixture.kernel.continue_pids_from(last + 1);
  for (int i = 0; i < 60; ++i) fixture.update_after(200ms);
  CHECK(fixture.update_after(0ms) == fixture.kernel.pids());
  CHECK(fixture.list.walks() == 3);
}

TEST_CASE("PidList: if the number of forks is not known, every update walks", "[pid_list]") {
  PidListFixture fixture;
  for (int i = 0; i < 5; ++i) {
    fixture.kernel.fork(kInit);
    CHECK(fixture.list.update({}, fixture.now += 200ms) == fixture.kernel.pids());
  }
  CHECK(fixture.list.walks() == 5);
  // Later updates with a known number are correct, too.
  fixture.kernel.fork(kInit);
  CHECK(fixture.update_after(200ms) == fixture.kernel.pids());
}

TEST_CASE("PidList: pids of an unordered folder are sorted", "[pid_list]") {
  class Unordered : public SimulatedKernel {
   public:
    void read_pids(off_t, const std::function<bool(pid_t, off_t)>& visit) override {
      for (const pid_t pid : {7, 300, 1, 42}) visit(pid, pid);
    }
  };
  Unordered source;
  PidList list(source);
  CHECK(list.update({}) == std::vector<pid_t>{1, 7, 42, 300});
}

TEST_CASE("PidList: in random histories every process older than 100 ms is in the list",
          "[pid_list]") {
  std::uint64_t walks = 0;
  std::uint64_t updates = 0;
  for (const std::uint32_t seed : seeds(60)) {
    CAPTURE(seed);
    Random random(seed);
    PidListFixture fixture(random.one_of<std::uint64_t>({301, 500, 2000, 32768}));
    std::map<pid_t, PidList::Clock::time_point> visible{{kInit, fixture.now}};
    std::map<pid_t, PidList::Clock::time_point> hidden;
    for (int step = 0; step < 300; ++step) {
      const std::uint64_t births = random.one_of<std::uint64_t>({0, 0, 1, 3, 20});
      for (std::uint64_t i = 0; i < births && fixture.kernel.pids().size() < 150; ++i) {
        if (random.one_in(3)) fixture.kernel.start_thread();
        if (random.one_in(5)) {
          hidden[fixture.kernel.fork_hidden(kInit)] = fixture.now;
        } else {
          visible[fixture.kernel.fork(kInit)] = fixture.now;
        }
      }
      // No process stays hidden for 100 ms.
      for (auto each = hidden.begin(); each != hidden.end();) {
        if (fixture.now - each->second < 90ms && !random.one_in(3)) {
          ++each;
          continue;
        }
        fixture.kernel.show(each->first);
        visible[each->first] = fixture.now;
        each = hidden.erase(each);
      }
      std::vector<pid_t> vanished;
      for (const pid_t pid : fixture.kernel.pids()) {
        if (pid == kInit || !random.one_in(births > 3 ? 4 : 30)) continue;
        fixture.kernel.end(pid);
        visible.erase(pid);
        vanished.push_back(pid);
      }
      const auto now = fixture.now;
      const auto& list =
          fixture.update_after(std::chrono::milliseconds(random.one_of<int>({1, 5, 9})));
      ++updates;
      for (const auto& [pid, since] : visible) {
        if (now - since >= 100ms && !holds(list, pid)) FAIL("lost: " << pid);
      }
      if (random.one_in(2)) fixture.list.remove(vanished);
    }
    walks += fixture.list.walks();
  }
  CHECK(walks < updates);
}

TEST_CASE("PidList: on this machine new children are found at once, without a walk", "[pid_list]") {
  Procfs source("/proc");
  if (!source.has_clocks()) return;  // no list without walks there
  PidList list(source);
  auto now = PidList::Clock::now();
  const auto update = [&]() -> const std::vector<pid_t>& {
    return list.update(source.read_cpu_times()->forks, now += 150ms);
  };
  update();
  update();
  REQUIRE(list.walks() == 2);
  for (int i = 0; i < 50; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::pause();
      ::_exit(0);
    }
    REQUIRE(child > 0);
    const bool is_found = holds(update(), child);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    CHECK(is_found);
  }
  // By the simulated time, the next regular walk is due after 10 s.
  CHECK(list.walks() == 2);
}
