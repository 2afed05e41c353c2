#include "proc/report/shared_scanner.h"

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

using topnet::proc::RankingQuery;
using topnet::proc::Report;
using topnet::proc::ScanMode;
using topnet::proc::ScanResult;
using topnet::proc::ScanStopped;
using topnet::proc::SharedScanner;
using topnet::proc::SortKey;
using topnet::test::Gate;
using topnet::test::kTick;
using topnet::test::ProcTree;
using topnet::test::SimulatedKernel;
using namespace std::chrono_literals;

namespace {

// A scanner of a simulated kernel.
struct ScannerFixture {
  ProcTree tree;
  std::unique_ptr<SimulatedKernel> owned = std::make_unique<SimulatedKernel>();
  SimulatedKernel& kernel = *owned;
  std::optional<SharedScanner> scanner;

  SharedScanner& start() {
    tree.add_file("sys/kernel/hostname", "web01\n");
    return scanner.emplace(std::move(owned), tree.root(), ScanMode::Clocks);
  }
};

// Requests of several threads at the same time.
class Requests {
 public:
  explicit Requests(SharedScanner& scanner) : scanner_(scanner) {}
  ~Requests() { join(); }

  void add(const RankingQuery& query, std::optional<std::chrono::milliseconds> window = {}) {
    Request& request = *requests_.emplace_back(std::make_unique<Request>());
    threads_.emplace_back([this, &request, query, window] {
      request.thread = ::gettid();
      try {
        request.result = scanner_.scan(query, window);
      } catch (...) {
        // Threads share the exception. It is read after they have ended, since ThreadSanitizer does
        // not see the library's reference count.
        request.error = std::current_exception();
      }
    });
  }

  void add(int count, std::optional<std::chrono::milliseconds> window = {}) {
    for (int i = 0; i < count; ++i) add(RankingQuery{}, window);
  }

  void wait_until_all_sleep() const {
    std::vector<pid_t> threads;
    for (const auto& request : requests_) {
      while (request->thread == 0) std::this_thread::yield();
      threads.push_back(request->thread);
    }
    topnet::test::wait_until_all_sleep(threads);
  }

  std::vector<std::shared_ptr<const ScanResult>> results() {
    join();
    std::vector<std::shared_ptr<const ScanResult>> results;
    for (const auto& request : requests_) {
      if (request->error) std::rethrow_exception(request->error);
      results.push_back(request->result);
    }
    return results;
  }

  // One message for each request; empty if it got a result.
  std::vector<std::string> errors() {
    join();
    std::vector<std::string> errors;
    for (const auto& request : requests_) {
      std::string& error = errors.emplace_back();
      try {
        if (request->error) std::rethrow_exception(request->error);
      } catch (const std::exception& thrown) {
        error = thrown.what();
      }
    }
    return errors;
  }

 private:
  struct Request {
    std::atomic<pid_t> thread = 0;
    std::shared_ptr<const ScanResult> result;
    std::exception_ptr error;
  };

  void join() {
    for (std::thread& each : threads_) each.join();
    threads_.clear();
  }

  SharedScanner& scanner_;
  std::vector<std::unique_ptr<Request>> requests_;
  std::vector<std::thread> threads_;
};

std::set<std::uint64_t> numbers_of(const std::vector<std::shared_ptr<const ScanResult>>& results) {
  std::set<std::uint64_t> numbers;
  for (const auto& result : results) numbers.insert(result->number);
  return numbers;
}

}  // namespace

TEST_CASE("SharedScanner: requests during a scan share the next one", "[shared_scanner]") {
  ScannerFixture fixture;
  Gate gate;
  fixture.kernel.before_cpu_times = [&] { gate.pass(); };
  SharedScanner& scanner = fixture.start();
  Requests requests(scanner);
  requests.add(1);
  gate.wait_for_arrival();
  requests.add(30);
  requests.wait_until_all_sleep();
  CHECK(scanner.scans().total() == 0);
  gate.open();
  const auto results = requests.results();
  CHECK(scanner.scans().total() == 2);
  CHECK(results.front()->number == 1);
  CHECK(numbers_of({results.begin() + 1, results.end()}) == std::set<std::uint64_t>{2});
}

TEST_CASE("SharedScanner: a shared scan answers each query", "[shared_scanner]") {
  ScannerFixture fixture;
  std::vector<pid_t> pids;
  for (std::uint64_t i = 0; i < 20; ++i) {
    pids.push_back(fixture.kernel.fork(SimulatedKernel::kInit));
    fixture.kernel.run(pids.back(), (20 - i) * 5 * kTick, i * i * 5 * kTick);
  }
  Gate gate;
  fixture.kernel.before_cpu_times = [&] { gate.pass(); };
  SharedScanner& scanner = fixture.start();
  Requests requests(scanner);
  requests.add({.count = 1});
  gate.wait_for_arrival();
  const std::vector<RankingQuery> queries{{.count = 2, .key = SortKey::User},
                                          {.count = 7, .key = SortKey::System},
                                          {.count = 1, .key = SortKey::Cpu},
                                          {.count = 100, .key = SortKey::Cpu}};
  for (const RankingQuery& query : queries) requests.add(query);
  requests.wait_until_all_sleep();
  gate.open();
  auto results = requests.results();
  results.erase(results.begin());
  REQUIRE(numbers_of(results).size() == 1);
  const auto first_row = [&](std::size_t i) {
    return report_of(*results[i], queries[i]).processes.front().pid;
  };
  CHECK(first_row(0) == pids.front());
  CHECK(first_row(1) == pids.back());
  CHECK(first_row(2) == pids.back());
  CHECK(report_of(*results[1], queries[1]).processes.size() == 7);
  CHECK(report_of(*results[3], queries[3]).processes.size() == 21);
}

TEST_CASE("SharedScanner: each result is of a scan that began after the request",
          "[shared_scanner]") {
  ScannerFixture fixture;
  std::atomic<std::uint64_t> begun = 0;
  fixture.kernel.before_cpu_times = [&] { ++begun; };
  SharedScanner& scanner = fixture.start();
  std::atomic<std::uint64_t> too_old = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 300; ++j) {
        // Scans do not overlap, so they begin in the order of their numbers.
        const std::uint64_t before = begun;
        if (scanner.scan({})->number <= before) ++too_old;
      }
    });
  }
  for (std::thread& each : threads) each.join();
  CHECK(too_old == 0);
  CHECK(scanner.scans().total() == begun);
  CHECK(scanner.scans().total() <= 8 * 300);
}

TEST_CASE("SharedScanner: windows of the same length are shared", "[shared_scanner]") {
  ScannerFixture fixture;
  Gate gate;
  fixture.kernel.before_cpu_times = [&] { gate.pass(); };
  SharedScanner& scanner = fixture.start();
  Requests requests(scanner);
  requests.add(1, 10ms);
  gate.wait_for_arrival();
  requests.add(10, 10ms);
  requests.add(10, 60ms);
  requests.wait_until_all_sleep();
  gate.open();
  const auto results = requests.results();
  // The window of the first request, and two that opened together.
  CHECK(scanner.scans().total() == 3);
  for (std::size_t i = 0; i < results.size(); ++i) {
    CHECK(results[i]->usage.window >= (i <= 10 ? 10ms : 60ms));
  }
  CHECK(numbers_of({results.begin() + 1, results.begin() + 11}).size() == 1);
  CHECK(numbers_of({results.begin() + 11, results.end()}).size() == 1);
}

TEST_CASE("SharedScanner: a window has the CPU time used after the request", "[shared_scanner]") {
  ScannerFixture fixture;
  const pid_t pid = fixture.kernel.fork(SimulatedKernel::kInit);
  fixture.kernel.run(pid, 500 * kTick);
  // The process runs whenever the machine's figures are read: before and after each end of the
  // window. Two of these readings are inside.
  fixture.kernel.before_cpu_times = [&] { fixture.kernel.run(pid, kTick); };
  SharedScanner& scanner = fixture.start();
  const Report report = report_of(*scanner.scan({.count = 1}, 20ms), {.count = 1});
  CHECK(report.window >= 20ms);
  CHECK(report.processes.front().cpu_ticks() == 2);
  CHECK(report.accounting->busy_ticks == 2);
  CHECK(report.accounting->listed_ticks == 2);
  CHECK(scanner.scans().total() == 1);
}

TEST_CASE("SharedScanner: stop ends open and future windows", "[shared_scanner]") {
  ScannerFixture fixture;
  SharedScanner& scanner = fixture.start();
  Requests requests(scanner);
  requests.add(5, 1h);
  requests.wait_until_all_sleep();
  scanner.stop();
  for (const std::string& error : requests.errors()) CHECK_THAT(error, Catch::Contains("window"));
  CHECK_THROWS_AS(scanner.scan({}, 1h), ScanStopped);
  CHECK(scanner.scan({})->number == 1);
}

TEST_CASE("SharedScanner: all requests get the error of their scan, later ones do not",
          "[shared_scanner]") {
  ScannerFixture fixture;
  Gate gate;
  std::atomic<bool> fails = false;
  fixture.kernel.before_cpu_times = [&] {
    gate.pass();
    if (fails) throw std::runtime_error("out of memory");
  };
  SharedScanner& scanner = fixture.start();
  Requests requests(scanner);
  requests.add(1);
  gate.wait_for_arrival();
  requests.add(10);
  requests.add(10, 10ms);
  requests.wait_until_all_sleep();
  fails = true;
  gate.open();
  for (const std::string& error : requests.errors()) CHECK(error == "out of memory");
  fails = false;
  CHECK(scanner.scan({})->usage.seen == 1);
  CHECK(scanner.scan({}, 10ms)->usage.seen == 1);
}

TEST_CASE("SharedScanner: a report names the machine and accounts for its CPU time",
          "[shared_scanner]") {
  ScannerFixture fixture;
  fixture.kernel.run(SimulatedKernel::kInit, 40 * kTick, 2 * kTick);
  fixture.kernel.interrupt(8 * kTick);
  fixture.kernel.steal_ticks = 9;
  const Report report = report_of(*fixture.start().scan({}), {});
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
  CHECK(report.steal_ticks == 9U);
}

TEST_CASE("SharedScanner: values that another root lacks are unknown", "[shared_scanner]") {
  ProcTree tree;
  tree.add({.pid = 1, .user_ticks = 3}).add({.pid = 7, .user_ticks = 9}).add_file("8/stat", "x");
  SharedScanner scanner(tree.root(), ScanMode::Clocks);
  const auto result = scanner.scan({.count = 1});
  CHECK(result->usage.processes.size() == 2);
  const Report report = report_of(*result, {.count = 1});
  CHECK(report.processes.front().pid == 7);
  CHECK_FALSE(report.accounting);
  CHECK_FALSE(report.cpus);
  CHECK_FALSE(report.steal_ticks);
  CHECK_FALSE(report.cpu_limit);
  CHECK_FALSE(report.host.name);
  CHECK(report.hidden == "1 processes cannot be read");
  CHECK_THROWS_AS(SharedScanner(tree.root() / "none", ScanMode::Clocks), std::system_error);
}
