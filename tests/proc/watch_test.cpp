#include "proc/watch.h"

#include <atomic>
#include <cerrno>
#include <system_error>
#include <thread>

#include "support/catch.h"
#include "support/proc_tree.h"
#include "support/simulated_kernel.h"

using topnet::proc::Method;
using topnet::proc::Stretch;
using topnet::proc::Watch;
using topnet::proc::Watched;
using topnet::proc::WatchOptions;
using topnet::test::ProcTree;
using topnet::test::SimulatedKernel;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kTick = SimulatedKernel::kTick;

// A watch over a simulated kernel in which something happens now and then.
struct Trial {
  ProcTree tree;
  std::unique_ptr<SimulatedKernel> owned = std::make_unique<SimulatedKernel>();
  SimulatedKernel& kernel = *owned;
  std::atomic<int> readings = 0;
  std::optional<Watch> watch;

  explicit Trial(WatchOptions options) {
    const pid_t busy = kernel.fork(SimulatedKernel::kInit, "busy");
    kernel.before_cpu_times = [this, busy] {
      if (++readings % 8 != 0) return;
      kernel.run(busy, 3 * kTick, kTick);
      kernel.interrupt(kTick);
      const pid_t brief = kernel.fork(SimulatedKernel::kInit, "brief");
      kernel.run(brief, 2 * kTick);
      kernel.end(brief);
    };
    watch.emplace(std::move(owned), tree.root(), Method::Fastest, options);
  }

  std::shared_ptr<const Watched> wait_for(const std::function<bool(const Watched&)>& condition) {
    for (;;) {
      const auto watched = watch->look();
      if (watched && condition(*watched)) return watched;
      std::this_thread::yield();
    }
  }
};

}  // namespace

TEST_CASE("what a watch shows is of the last window") {
  Trial trial({.first = 1ms, .looked_at = 1ms});
  const auto watched = trial.wait_for([](const Watched& each) { return each.history.size() > 3; });
  REQUIRE(watched->report.window);
  CHECK_FALSE(watched->report.processes.empty());
  const Stretch& last = watched->history.back();
  CHECK(last.time == watched->report.time);
  CHECK(last.length == watched->report.window);
  REQUIRE(watched->report.accounting);
  CHECK(last.busy_ticks == watched->report.accounting->busy_ticks);
  CHECK(watched->cost > 0);
}

TEST_CASE("in every window of the past the parts are all that was busy, and the ended are in it") {
  // Long enough that what has ended in one can have been used in it.
  Trial trial({.first = 20ms, .looked_at = 20ms});
  const auto watched = trial.wait_for([](const Watched& each) { return each.history.size() > 10; });
  std::uint64_t ended = 0;
  for (const Stretch& each : watched->history) {
    ended += each.ended_ticks;
    CHECK(static_cast<std::int64_t>(each.busy_ticks) ==
          static_cast<std::int64_t>(each.listed_ticks + each.other_ticks + each.ended_ticks +
                                    each.interrupt_ticks) +
              each.unexplained_ticks);
  }
  CHECK(ended > 0);
}

TEST_CASE("the past is remembered as far back as it is to be") {
  Trial trial({.first = 1ms, .looked_at = 2ms, .memory = 40ms});
  const auto first = trial.wait_for([](const Watched& each) { return !each.history.empty(); });
  const auto watched = trial.wait_for([&](const Watched& each) {
    return each.history.front().time > first->history.back().time + 100ms;
  });
  std::chrono::milliseconds length{0};
  for (const Stretch& each : watched->history) length += each.length;
  CHECK(length >= 40ms);
  CHECK(length - watched->history.front().length < 40ms);
}

TEST_CASE("what cannot be read is tried again after a while, and not at once") {
  ProcTree tree;
  auto kernel = std::make_unique<SimulatedKernel>();
  std::atomic<int> tries = 0;
  std::atomic<bool> is_broken = true;
  kernel->before_cpu_times = [&] {
    ++tries;
    if (is_broken) throw std::system_error(EMFILE, std::generic_category(), "no descriptors");
  };
  Watch watch(std::move(kernel), tree.root(), Method::Fastest, {.first = 20ms});
  while (tries < 3) std::this_thread::yield();
  CHECK_FALSE(watch.look());
  is_broken = false;
  while (!watch.look()) std::this_thread::yield();
}

TEST_CASE("a watch that was told to wait an hour does so, also where nothing can be read") {
  ProcTree tree;
  auto kernel = std::make_unique<SimulatedKernel>();
  std::atomic<int> tries = 0;
  kernel->before_cpu_times = [&] {
    ++tries;
    throw std::system_error(EMFILE, std::generic_category(), "no descriptors");
  };
  Watch watch(std::move(kernel), tree.root(), Method::Fastest, {.first = 1h});
  while (tries == 0) std::this_thread::yield();
  for (int i = 0; i < 1000; ++i) {
    watch.look();
    std::this_thread::yield();
  }
  CHECK(tries == 1);
}

TEST_CASE("whoever looks finds it at work") {
  Trial trial({.first = 1ms, .looked_at = 1ms, .alone = 1h, .attention = 1h});
  trial.wait_for([](const Watched& each) { return each.history.size() > 10; });
}

TEST_CASE("once nobody looks any more it rests") {
  // Whoever has looked goes on looking for no time at all.
  Trial trial({.first = 1ms, .looked_at = 1ms, .alone = 1h, .attention = 0ms});
  const auto watched = trial.wait_for([](const Watched&) { return true; });
  const int before = trial.readings;
  for (int i = 0; i < 1000; ++i) {
    CHECK(trial.watch->look() == watched);
    std::this_thread::yield();
  }
  CHECK(trial.readings == before);
}
