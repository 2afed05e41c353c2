#include "proc/pid_list.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "proc/procfs.h"
#include "support/catch.h"
#include "support/dice.h"
#include "support/simulated_kernel.h"

using topnet::proc::PidList;
using topnet::proc::Procfs;
using topnet::test::Dice;
using topnet::test::seeds;
using topnet::test::SimulatedKernel;
using namespace std::chrono_literals;

namespace {

constexpr pid_t kInit = SimulatedKernel::kInit;

// A list of a simulated kernel's pids, and the time that passes for it.
struct Trial {
  SimulatedKernel kernel;
  PidList list{kernel};
  PidList::Clock::time_point now{1h};

  explicit Trial(std::uint64_t pid_limit = 32768) : kernel(pid_limit) {}

  const std::vector<pid_t>& update_after(std::chrono::milliseconds time) {
    now += time;
    return list.update(kernel.forks(), now);
  }

  // Until no walk is needed any more.
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

TEST_CASE("once all is known, the folder is not walked again, and is not even read") {
  Trial trial;
  for (int i = 0; i < 100; ++i) trial.kernel.fork(kInit);
  trial.settle();
  trial.kernel.asked = {};
  for (int i = 0; i < 40; ++i) CHECK(trial.update_after(200ms) == trial.kernel.pids());
  CHECK(trial.list.walks() == 2);
  CHECK(trial.kernel.asked.entries == 0);
}

TEST_CASE("new processes are found from the last pid on, and nothing else is read") {
  Trial trial;
  for (int i = 0; i < 1000; ++i) trial.kernel.fork(kInit);
  trial.settle();
  trial.kernel.asked = {};
  for (int i = 0; i < 40; ++i) {
    trial.kernel.fork(kInit);
    CHECK(trial.update_after(200ms) == trial.kernel.pids());
  }
  CHECK(trial.list.walks() == 2);
  // Each is looked at again until its range has settled.
  CHECK(trial.kernel.asked.entries <= 4 * 40);
}

TEST_CASE("what has ended in the meantime does not hide what follows it") {
  Trial trial;
  for (int i = 0; i < 20; ++i) trial.kernel.fork(kInit);
  trial.settle();
  // That behind which the list would read on.
  const pid_t last = trial.kernel.pids().back();
  trial.kernel.end(last);
  trial.list.remove({last});
  const pid_t next = trial.kernel.fork(kInit);
  CHECK(trial.update_after(200ms) == trial.kernel.pids());
  CHECK(holds(trial.list.update(trial.kernel.forks(), trial.now), next));
  CHECK(trial.list.walks() == 2);
}

TEST_CASE("a pid that is given out before its process can be seen is found once it can") {
  // However soon the list is asked again, and also where others come behind it.
  for (const auto pause : {1ms, 50ms, 99ms, 100ms, 101ms, 1000ms}) {
    for (const bool others_follow : {false, true}) {
      CAPTURE(pause.count(), others_follow);
      Trial trial;
      trial.settle();
      const pid_t late = trial.kernel.fork_unseen(kInit);
      if (others_follow) trial.kernel.fork(kInit);
      CHECK_FALSE(holds(trial.update_after(pause), late));
      trial.kernel.show(late);
      if (others_follow) trial.kernel.fork(kInit);
      CHECK(holds(trial.update_after(pause), late));
      for (int i = 0; i < 5; ++i) CHECK(trial.update_after(pause) == trial.kernel.pids());
      CHECK(trial.list.walks() == 2);
    }
  }
}

TEST_CASE("a pid that is given out before its process can be seen survives many quick updates") {
  Trial trial;
  trial.settle();
  const pid_t late = trial.kernel.fork_unseen(kInit);
  for (int i = 0; i < 90; ++i) {
    trial.kernel.fork(kInit);
    CHECK_FALSE(holds(trial.update_after(1ms), late));
  }
  trial.kernel.show(late);
  CHECK(holds(trial.update_after(1ms), late));
  CHECK(trial.list.walks() == 2);
}

TEST_CASE("pids that start over from the smallest are looked for everywhere") {
  Trial trial(400);
  while (trial.kernel.pids().back() < 399) trial.kernel.fork(kInit);
  for (const pid_t pid : {30, 40, 50}) trial.kernel.end(pid);
  trial.settle();
  REQUIRE(trial.kernel.fork(kInit) == 30);
  CHECK(trial.update_after(200ms) == trial.kernel.pids());
  CHECK(trial.list.walks() == 3);
}

TEST_CASE("pids that have come round past where they were are looked for everywhere") {
  for (const std::uint64_t limit : {301U, 1000U, 32768U}) {
    // However many of the pids threads have in use, and so are passed over.
    for (const std::uint64_t passed_over : {limit / 10, limit / 2, limit * 3 / 4}) {
      CAPTURE(limit, passed_over);
      Trial trial(limit);
      for (int i = 0; i < 50; ++i) trial.kernel.fork(kInit);
      trial.settle();
      trial.kernel.end(25);
      trial.list.remove({25});
      const pid_t before = *trial.kernel.read_last_pid();
      const std::uint64_t round = limit - SimulatedKernel::kFirstAgain - passed_over;
      for (std::uint64_t i = 0; i < round; ++i) trial.kernel.start_thread();
      trial.kernel.continue_pids_from(SimulatedKernel::kFirstAgain);
      REQUIRE(trial.kernel.fork(kInit) == 25);
      trial.kernel.continue_pids_from(before + 1);
      trial.kernel.fork(kInit);
      CHECK(trial.update_after(200ms) == trial.kernel.pids());
    }
  }
}

TEST_CASE("threads take pids and are no processes") {
  Trial trial;
  trial.settle();
  for (int i = 0; i < 20; ++i) {
    trial.kernel.start_thread();
    CHECK(trial.update_after(200ms) == trial.kernel.pids());
    trial.kernel.fork(kInit);
    trial.kernel.start_thread();
    CHECK(trial.update_after(200ms) == trial.kernel.pids());
  }
  CHECK(trial.list.walks() == 2);
}

TEST_CASE("a process with a pid of choice is found by the walk that comes now and then") {
  Trial trial;
  for (int i = 0; i < 20; ++i) trial.kernel.fork(kInit);
  trial.settle();
  const pid_t last = *trial.kernel.read_last_pid();
  trial.kernel.end(10);
  trial.list.remove({10});
  trial.kernel.continue_pids_from(10);
  REQUIRE(trial.kernel.fork(kInit) == 10);
  trial.kernel.continue_pids_from(last + 1);
  for (int i = 0; i < 60; ++i) trial.update_after(200ms);
  CHECK(trial.update_after(0ms) == trial.kernel.pids());
  CHECK(trial.list.walks() == 3);
}

TEST_CASE("where it is not known what has been started, every update walks") {
  Trial trial;
  for (int i = 0; i < 5; ++i) {
    trial.kernel.fork(kInit);
    CHECK(trial.list.update({}, trial.now += 200ms) == trial.kernel.pids());
  }
  CHECK(trial.list.walks() == 5);
  // And none of it misleads what follows.
  trial.kernel.fork(kInit);
  CHECK(trial.update_after(200ms) == trial.kernel.pids());
}

TEST_CASE("a copy of a folder whose pids are in no order makes a list that is") {
  class Unordered : public SimulatedKernel {
   public:
    void read_pids(off_t, const std::function<bool(pid_t, off_t)>& take) override {
      for (const pid_t pid : {7, 300, 1, 42}) take(pid, pid);
    }
  };
  Unordered source;
  PidList list(source);
  CHECK(list.update({}) == std::vector<pid_t>{1, 7, 42, 300});
}

TEST_CASE("whatever comes and goes, every process older than the time to settle is in the list") {
  std::uint64_t walks = 0;
  std::uint64_t updates = 0;
  for (const std::uint32_t seed : seeds(60)) {
    CAPTURE(seed);
    Dice dice(seed);
    Trial trial(dice.one_of<std::uint64_t>({301, 500, 2000, 32768}));
    std::map<pid_t, PidList::Clock::time_point> shown{{kInit, trial.now}};
    std::map<pid_t, PidList::Clock::time_point> unseen;
    for (int step = 0; step < 300; ++step) {
      const std::uint64_t births = dice.one_of<std::uint64_t>({0, 0, 1, 3, 20});
      for (std::uint64_t i = 0; i < births && trial.kernel.pids().size() < 150; ++i) {
        if (dice.one_in(3)) trial.kernel.start_thread();
        if (dice.one_in(5)) {
          unseen[trial.kernel.fork_unseen(kInit)] = trial.now;
        } else {
          shown[trial.kernel.fork(kInit)] = trial.now;
        }
      }
      // None stays unseen longer than the time to settle.
      for (auto each = unseen.begin(); each != unseen.end();) {
        if (trial.now - each->second < 90ms && !dice.one_in(3)) {
          ++each;
          continue;
        }
        trial.kernel.show(each->first);
        shown[each->first] = trial.now;
        each = unseen.erase(each);
      }
      std::vector<pid_t> vanished;
      for (const pid_t pid : trial.kernel.pids()) {
        if (pid == kInit || !dice.one_in(births > 3 ? 4 : 30)) continue;
        trial.kernel.end(pid);
        shown.erase(pid);
        vanished.push_back(pid);
      }
      const auto now = trial.now;
      const auto& list = trial.update_after(std::chrono::milliseconds(dice.one_of<int>({1, 5, 9})));
      ++updates;
      for (const auto& [pid, since] : shown) {
        if (now - since >= 100ms && !holds(list, pid)) FAIL("lost: " << pid);
      }
      if (dice.one_in(2)) trial.list.remove(vanished);
    }
    walks += trial.list.walks();
  }
  CHECK(walks < updates);
}

TEST_CASE("on this machine, children of ours are found as soon as they are there, without a walk") {
  Procfs source("/proc");
  if (!source.has_clocks()) return;  // the list is not trusted there
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
  // Time is ours alone: the next walk is due ten seconds behind the last.
  CHECK(list.walks() == 2);
}
