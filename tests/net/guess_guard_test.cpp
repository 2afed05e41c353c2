#include "net/guess_guard.h"

#include <atomic>
#include <thread>
#include <vector>

#include "support/catch.h"

using topnet::net::GuessGuard;
using namespace std::chrono_literals;

namespace {

const GuessGuard::Clock::time_point kStart{1000h};

// Whether the client is told that each of so many attempts failed.
bool fail(GuessGuard& guard, const std::string& address, int times,
          GuessGuard::Clock::time_point now) {
  for (int i = 0; i < times; ++i) {
    if (!guard.admit(address, true, now)) return false;
  }
  return true;
}

bool may_try(GuessGuard& guard, const std::string& address, GuessGuard::Clock::time_point now) {
  return guard.admit(address, false, now);
}

}  // namespace

TEST_CASE("GuessGuard: after five failures an address has to wait for a minute", "[guess_guard]") {
  GuessGuard guard;
  CHECK(fail(guard, "192.0.2.1", 5, kStart));
  CHECK_FALSE(may_try(guard, "192.0.2.1", kStart));
  CHECK_FALSE(may_try(guard, "192.0.2.1", kStart + 59999ms));
  CHECK(may_try(guard, "192.0.2.1", kStart + 60s));
}

TEST_CASE("GuessGuard: other addresses do not wait", "[guess_guard]") {
  GuessGuard guard;
  CHECK(fail(guard, "192.0.2.1", 5, kStart));
  CHECK_FALSE(may_try(guard, "192.0.2.1", kStart));
  CHECK(may_try(guard, "192.0.2.10", kStart));
  CHECK(may_try(guard, "::1", kStart));
  CHECK(may_try(guard, "", kStart));
}

TEST_CASE("GuessGuard: the addresses of one IPv6 network count as one", "[guess_guard]") {
  GuessGuard guard;
  for (const char* const address : {"2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:1:f::",
                                    "2001:db8:0:1::1", "2001:db8:0:1:ffff::1"}) {
    CHECK(fail(guard, address, 1, kStart));
  }
  CHECK_FALSE(may_try(guard, "2001:db8:0:1::99", kStart));
  CHECK(may_try(guard, "2001:db8:0:2::1", kStart));
}

TEST_CASE("GuessGuard: each failure counts for a minute", "[guess_guard]") {
  GuessGuard guard;
  for (int second = 0; second < 50; second += 10) {
    CHECK(fail(guard, "::1", 1, kStart + std::chrono::seconds(second)));
  }
  CHECK_FALSE(fail(guard, "::1", 1, kStart + 50s));
  CHECK(fail(guard, "::1", 1, kStart + 60s));
  CHECK_FALSE(may_try(guard, "::1", kStart + 69s));
  CHECK(may_try(guard, "::1", kStart + 70s));
}

TEST_CASE("GuessGuard: successes are not limited", "[guess_guard]") {
  GuessGuard guard;
  CHECK(fail(guard, "192.0.2.1", 4, kStart));
  for (int i = 0; i < 1000; ++i) CHECK(may_try(guard, "192.0.2.1", kStart));
}

TEST_CASE("GuessGuard: simultaneous attempts gain nothing", "[guess_guard]") {
  GuessGuard guard;
  std::atomic<int> admitted = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 40; ++i) {
      threads.emplace_back([&] { admitted += fail(guard, "192.0.2.1", 1, kStart) ? 1 : 0; });
    }
  }
  CHECK(admitted == 5);
}

TEST_CASE("GuessGuard: of many failures the newest 10,000 count", "[guess_guard]") {
  GuessGuard guard;
  int others = 0;
  const auto fail_elsewhere = [&](int times) {
    for (; times > 0; --times) fail(guard, "h" + std::to_string(others++), 1, kStart);
  };
  CHECK(fail(guard, "192.0.2.1", 5, kStart));
  fail_elsewhere(9995);
  CHECK_FALSE(may_try(guard, "192.0.2.1", kStart));
  fail_elsewhere(1);
  CHECK(may_try(guard, "192.0.2.1", kStart));
}
