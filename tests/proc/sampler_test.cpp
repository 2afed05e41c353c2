#include "proc/sampler.h"

#include <unistd.h>

#include <atomic>
#include <exception>
#include <set>
#include <thread>

#include "support/catch.h"
#include "support/gate.h"
#include "support/proc_tree.h"
#include "support/simulated_kernel.h"
#include "support/sleepers.h"

using topnet::proc::Method;
using topnet::proc::Report;
using topnet::proc::Sample;
using topnet::proc::Sampler;
using topnet::proc::SamplerStopped;
using topnet::proc::SortKey;
using topnet::proc::Wish;
using topnet::test::Gate;
using topnet::test::ProcTree;
using topnet::test::SimulatedKernel;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kTick = SimulatedKernel::kTick;

// A sampler of a simulated kernel.
struct Trial {
  ProcTree tree;
  std::unique_ptr<SimulatedKernel> owned = std::make_unique<SimulatedKernel>();
  SimulatedKernel& kernel = *owned;
  std::optional<Sampler> sampler;

  Sampler& start() {
    tree.add_file("sys/kernel/hostname", "web01\n");
    return sampler.emplace(std::move(owned), tree.root(), Method::Fastest);
  }
};

// What several threads get that ask at the same time.
class Askers {
 public:
  explicit Askers(Sampler& sampler) : sampler_(sampler) {}
  ~Askers() { join(); }

  void ask(const Wish& wish, std::optional<std::chrono::milliseconds> window = {}) {
    Answer& answer = *answers_.emplace_back(std::make_unique<Answer>());
    threads_.emplace_back([this, &answer, wish, window] {
      answer.thread = ::gettid();
      try {
        answer.sample = sampler_.take(wish, window);
      } catch (...) {
        // It is shared with the others, and looked at when all threads are done: ThreadSanitizer
        // does not see how the library counts who still holds it.
        answer.error = std::current_exception();
      }
    });
  }

  // Until all of them wait for each other.
  void wait_until_all_sleep() const {
    std::vector<pid_t> threads;
    for (const auto& answer : answers_) {
      while (answer->thread == 0) std::this_thread::yield();
      threads.push_back(answer->thread);
    }
    topnet::test::wait_until_all_sleep(threads);
  }

  void join() {
    for (std::thread& each : threads_) each.join();
    threads_.clear();
  }

  std::vector<std::shared_ptr<const Sample>> samples() {
    join();
    std::vector<std::shared_ptr<const Sample>> samples;
    for (const auto& answer : answers_) {
      if (answer->error) std::rethrow_exception(answer->error);
      samples.push_back(answer->sample);
    }
    return samples;
  }
  // What each of them was told; empty for one that got a sample.
  std::vector<std::string> errors() {
    join();
    std::vector<std::string> errors;
    for (const auto& answer : answers_) {
      std::string& error = errors.emplace_back();
      try {
        if (answer->error) std::rethrow_exception(answer->error);
      } catch (const std::exception& thrown) {
        error = thrown.what();
      }
    }
    return errors;
  }

 private:
  struct Answer {
    std::atomic<pid_t> thread = 0;
    std::shared_ptr<const Sample> sample;
    std::exception_ptr error;
  };
  Sampler& sampler_;
  std::vector<std::unique_ptr<Answer>> answers_;
  std::vector<std::thread> threads_;
};

std::set<std::uint64_t> numbers_of(const std::vector<std::shared_ptr<const Sample>>& samples) {
  std::set<std::uint64_t> numbers;
  for (const auto& sample : samples) numbers.insert(sample->number);
  return numbers;
}

}  // namespace

TEST_CASE("any number who ask while a scan runs share the next one") {
  Trial trial;
  Gate gate;
  trial.kernel.before_cpu_times = [&] { gate.pass(); };
  Sampler& sampler = trial.start();
  Askers askers(sampler);
  askers.ask({});
  gate.wait_for_somebody();
  for (int i = 0; i < 30; ++i) askers.ask({});
  askers.wait_until_all_sleep();
  CHECK(sampler.scans().total() == 0);
  gate.open();
  const auto samples = askers.samples();
  CHECK(sampler.scans().total() == 2);
  CHECK(samples.front()->number == 1);
  CHECK(numbers_of({samples.begin() + 1, samples.end()}) == std::set<std::uint64_t>{2});
}

TEST_CASE("who shares a scan still gets what it wished for") {
  Trial trial;
  std::vector<pid_t> pids;
  for (std::uint64_t i = 0; i < 20; ++i) {
    pids.push_back(trial.kernel.fork(SimulatedKernel::kInit));
    trial.kernel.run(pids.back(), (20 - i) * 5 * kTick, i * i * 5 * kTick);
  }
  Gate gate;
  trial.kernel.before_cpu_times = [&] { gate.pass(); };
  Sampler& sampler = trial.start();
  Askers askers(sampler);
  askers.ask({.count = 1});
  gate.wait_for_somebody();
  const std::vector<Wish> wishes{{.count = 2, .key = SortKey::User},
                                 {.count = 7, .key = SortKey::System},
                                 {.count = 1, .key = SortKey::Cpu},
                                 {.count = 100, .key = SortKey::Cpu}};
  for (const Wish& wish : wishes) askers.ask(wish);
  askers.wait_until_all_sleep();
  gate.open();
  auto samples = askers.samples();
  samples.erase(samples.begin());
  REQUIRE(numbers_of(samples).size() == 1);
  const auto first_row = [&](std::size_t i) {
    return report_of(*samples[i], wishes[i]).processes.front().pid;
  };
  CHECK(first_row(0) == pids.front());
  CHECK(first_row(1) == pids.back());
  CHECK(first_row(2) == pids.back());
  CHECK(report_of(*samples[1], wishes[1]).processes.size() == 7);
  CHECK(report_of(*samples[3], wishes[3]).processes.size() == 21);
}

TEST_CASE("every sample is of a scan that began after it was asked for") {
  Trial trial;
  std::atomic<std::uint64_t> begun = 0;
  trial.kernel.before_cpu_times = [&] { ++begun; };
  Sampler& sampler = trial.start();
  std::atomic<std::uint64_t> too_old = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 300; ++j) {
        // The scans of a sampler are made one by one, so their numbers are those of their
        // beginnings.
        const std::uint64_t before = begun;
        if (sampler.take({})->number <= before) ++too_old;
      }
    });
  }
  for (std::thread& each : threads) each.join();
  CHECK(too_old == 0);
  CHECK(sampler.scans().total() == begun);
  CHECK(sampler.scans().total() <= 8 * 300);
}

TEST_CASE("windows of one length are shared, and others end at times of their own") {
  Trial trial;
  Gate gate;
  trial.kernel.before_cpu_times = [&] { gate.pass(); };
  Sampler& sampler = trial.start();
  Askers askers(sampler);
  askers.ask({}, 10ms);
  gate.wait_for_somebody();
  for (int i = 0; i < 10; ++i) askers.ask({}, 10ms);
  for (int i = 0; i < 10; ++i) askers.ask({}, 60ms);
  askers.wait_until_all_sleep();
  gate.open();
  const auto samples = askers.samples();
  // The first one's, and two that opened together.
  CHECK(sampler.scans().total() == 3);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    CHECK(samples[i]->usage.window >= (i <= 10 ? 10ms : 60ms));
  }
  CHECK(numbers_of({samples.begin() + 1, samples.begin() + 11}).size() == 1);
  CHECK(numbers_of({samples.begin() + 11, samples.end()}).size() == 1);
}

TEST_CASE("a window holds what was used from its request on") {
  Trial trial;
  const pid_t pid = trial.kernel.fork(SimulatedKernel::kInit);
  trial.kernel.run(pid, 500 * kTick);
  // It runs whenever the machine's figures are read: before and behind each end of the window. Two
  // of these lie inside.
  trial.kernel.before_cpu_times = [&] { trial.kernel.run(pid, kTick); };
  Sampler& sampler = trial.start();
  const auto sample = sampler.take({.count = 1}, 20ms);
  const Report report = report_of(*sample, {.count = 1});
  CHECK(report.window >= 20ms);
  CHECK(report.processes.front().cpu_ticks() == 2);
  CHECK(report.accounting->busy_ticks == 2);
  CHECK(report.accounting->listed_ticks == 2);
  CHECK(sampler.scans().total() == 1);
}

TEST_CASE("nobody waits for a window that was stopped, or that is asked for afterwards") {
  Trial trial;
  Sampler& sampler = trial.start();
  Askers askers(sampler);
  for (int i = 0; i < 5; ++i) askers.ask({}, 1h);
  askers.wait_until_all_sleep();
  sampler.stop();
  for (const std::string& error : askers.errors()) CHECK_THAT(error, Catch::Contains("window"));
  CHECK_THROWS_AS(sampler.take({}, 1h), SamplerStopped);
  CHECK(sampler.take({})->number == 1);
}

TEST_CASE("what stops a scan is said to everybody who waits for it, and the next one is made") {
  Trial trial;
  Gate gate;
  std::atomic<bool> fails = false;
  trial.kernel.before_cpu_times = [&] {
    gate.pass();
    if (fails) throw std::runtime_error("out of memory");
  };
  Sampler& sampler = trial.start();
  Askers askers(sampler);
  askers.ask({});
  gate.wait_for_somebody();
  for (int i = 0; i < 10; ++i) askers.ask({});
  for (int i = 0; i < 10; ++i) askers.ask({}, 10ms);
  askers.wait_until_all_sleep();
  fails = true;
  gate.open();
  for (const std::string& error : askers.errors()) CHECK(error == "out of memory");
  fails = false;
  CHECK(sampler.take({})->usage.seen == 1);
  CHECK(sampler.take({}, 10ms)->usage.seen == 1);
}

TEST_CASE("a report says which machine it is of, and what the figures cover") {
  Trial trial;
  trial.kernel.run(SimulatedKernel::kInit, 40 * kTick, 2 * kTick);
  trial.kernel.interrupt(8 * kTick);
  const Report report = report_of(*trial.start().take({}), {});
  CHECK(report.host.name == "web01");
  CHECK(report.cpus == 2U);
  CHECK(report.processes_seen == 1);
  CHECK_FALSE(report.window);
  CHECK_FALSE(report.hidden);
  REQUIRE(report.accounting);
  CHECK(report.accounting->busy_ticks == 50);
  CHECK(report.accounting->listed_ticks == 42);
  CHECK(report.accounting->interrupt_ticks == 8);
  CHECK(report.accounting->unexplained_ticks == 0);
}

TEST_CASE("a foreign root is read whole, and nothing is said that it does not have") {
  ProcTree tree;
  tree.add({.pid = 1, .user_ticks = 3}).add({.pid = 7, .user_ticks = 9}).add_file("8/stat", "x");
  Sampler sampler(tree.root(), Method::Fastest);
  const auto sample = sampler.take({.count = 1});
  CHECK(sample->usage.processes.size() == 2);
  const Report report = report_of(*sample, {.count = 1});
  CHECK(report.processes.front().pid == 7);
  CHECK_FALSE(report.accounting);
  CHECK_FALSE(report.cpus);
  CHECK_FALSE(report.host.name);
  CHECK(report.hidden == "1 processes cannot be read");
  CHECK_THROWS_AS(Sampler(tree.root() / "none", Method::Fastest), std::system_error);
}
