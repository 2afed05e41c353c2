#include "net/attempt_limiter.h"

#include <atomic>
#include <thread>
#include <vector>

#include "support/catch.h"

using topnet::net::AttemptLimiter;
using namespace std::chrono_literals;

namespace {

const AttemptLimiter::Clock::time_point kStart{1000h};

// Makes so many failed attempts; returns whether the client learned that all of them failed.
bool fail(AttemptLimiter& limiter, const std::string& address, int times,
          AttemptLimiter::Clock::time_point now) {
  for (int i = 0; i < times; ++i) {
    if (!limiter.admit(address, true, now)) return false;
  }
  return true;
}

bool succeeds(AttemptLimiter& limiter, const std::string& address,
              AttemptLimiter::Clock::time_point now) {
  return limiter.admit(address, false, now);
}

}  // namespace

TEST_CASE("AttemptLimiter: five failures block one address for a minute", "[attempt_limiter]") {
  AttemptLimiter limiter;
  CHECK(fail(limiter, "192.0.2.1", 4, kStart));
  // Successes do not count.
  for (int i = 0; i < 1000; ++i) CHECK(succeeds(limiter, "192.0.2.1", kStart));
  CHECK(fail(limiter, "192.0.2.1", 1, kStart));
  CHECK_FALSE(succeeds(limiter, "192.0.2.1", kStart));
  CHECK_FALSE(succeeds(limiter, "192.0.2.1", kStart + 59999ms));
  for (const char* const other : {"192.0.2.10", "::1", ""}) {
    CHECK(succeeds(limiter, other, kStart));
  }
  CHECK(succeeds(limiter, "192.0.2.1", kStart + 60s));
}

TEST_CASE("AttemptLimiter: the addresses of an IPv6 /64 network count as one",
          "[attempt_limiter]") {
  AttemptLimiter limiter;
  for (const char* const address : {"2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:1:f::",
                                    "2001:db8:0:1::1", "2001:db8:0:1:ffff::1"}) {
    CHECK(fail(limiter, address, 1, kStart));
  }
  CHECK_FALSE(succeeds(limiter, "2001:db8:0:1::99", kStart));
  CHECK(succeeds(limiter, "2001:db8:0:2::1", kStart));
}

TEST_CASE("AttemptLimiter: each failure counts for a minute", "[attempt_limiter]") {
  AttemptLimiter limiter;
  for (int second = 0; second < 50; second += 10) {
    CHECK(fail(limiter, "::1", 1, kStart + std::chrono::seconds(second)));
  }
  CHECK_FALSE(fail(limiter, "::1", 1, kStart + 50s));
  CHECK(fail(limiter, "::1", 1, kStart + 60s));
  CHECK_FALSE(succeeds(limiter, "::1", kStart + 69s));
  CHECK(succeeds(limiter, "::1", kStart + 70s));
}

TEST_CASE("AttemptLimiter: concurrent attempts share one limit", "[attempt_limiter]") {
  AttemptLimiter limiter;
  std::atomic<int> admitted = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 40; ++i) {
      threads.emplace_back([&] { admitted += fail(limiter, "192.0.2.1", 1, kStart) ? 1 : 0; });
    }
  }
  CHECK(admitted == 5);
}

TEST_CASE("AttemptLimiter: the newest 10,000 failures count", "[attempt_limiter]") {
  AttemptLimiter limiter;
  int others = 0;
  const auto fail_elsewhere = [&](int times) {
    for (; times > 0; --times) fail(limiter, "h" + std::to_string(others++), 1, kStart);
  };
  CHECK(fail(limiter, "192.0.2.1", 5, kStart));
  fail_elsewhere(9995);
  CHECK_FALSE(succeeds(limiter, "192.0.2.1", kStart));
  fail_elsewhere(1);
  CHECK(succeeds(limiter, "192.0.2.1", kStart));
}
