#include "net/attempt_limiter.h"

#include <atomic>
#include <thread>
#include <vector>

#include "support/catch.h"

using topnet::net::AttemptLimiter;
using namespace std::chrono_literals;

namespace {

const AttemptLimiter::Clock::time_point kStart{1000h};

bool fail(AttemptLimiter& limiter, const std::string& address,
          AttemptLimiter::Clock::time_point now) {
  return limiter.admit_failure(address, now);
}

// Makes so many failed attempts; returns whether all were admitted.
bool fail_times(AttemptLimiter& limiter, const std::string& address, int times,
                AttemptLimiter::Clock::time_point now) {
  for (int i = 0; i < times; ++i) {
    if (!limiter.admit_failure(address, now)) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("AttemptLimiter: five failures of one address are admitted in a minute",
          "[attempt_limiter]") {
  AttemptLimiter limiter;
  CHECK(fail_times(limiter, "192.0.2.1", 5, kStart));
  CHECK_FALSE(fail(limiter, "192.0.2.1", kStart));
  CHECK_FALSE(fail(limiter, "192.0.2.1", kStart + 59999ms));
  for (const char* const other : {"192.0.2.10", "::1", ""}) CHECK(fail(limiter, other, kStart));
  CHECK(fail(limiter, "192.0.2.1", kStart + 60s));
}

TEST_CASE("AttemptLimiter: the addresses of an IPv6 /64 network count as one",
          "[attempt_limiter]") {
  AttemptLimiter limiter;
  for (const char* const address : {"2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:1:f::",
                                    "2001:db8:0:1::1", "2001:db8:0:1:ffff::1"}) {
    CHECK(fail(limiter, address, kStart));
  }
  CHECK_FALSE(fail(limiter, "2001:db8:0:1::99", kStart));
  CHECK(fail(limiter, "2001:db8:0:2::1", kStart));
}

TEST_CASE("AttemptLimiter: each failure counts for a minute", "[attempt_limiter]") {
  AttemptLimiter limiter;
  for (int second = 0; second < 50; second += 10) {
    CHECK(fail(limiter, "::1", kStart + std::chrono::seconds(second)));
  }
  CHECK_FALSE(fail(limiter, "::1", kStart + 59s));
  CHECK(fail(limiter, "::1", kStart + 60s));
  CHECK_FALSE(fail(limiter, "::1", kStart + 69s));
  CHECK(fail(limiter, "::1", kStart + 70s));
}

TEST_CASE("AttemptLimiter: concurrent attempts share one limit", "[attempt_limiter]") {
  AttemptLimiter limiter;
  std::atomic<int> admitted = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 40; ++i) {
      threads.emplace_back([&] { admitted += fail(limiter, "192.0.2.1", kStart) ? 1 : 0; });
    }
  }
  CHECK(admitted == 5);
}

TEST_CASE("AttemptLimiter: the newest 10,000 failures count", "[attempt_limiter]") {
  AttemptLimiter limiter;
  int others = 0;
  const auto fail_elsewhere = [&](int times) {
    for (; times > 0; --times) fail(limiter, "h" + std::to_string(others++), kStart);
  };
  CHECK(fail_times(limiter, "192.0.2.1", 5, kStart));
  fail_elsewhere(9995);
  CHECK_FALSE(fail(limiter, "192.0.2.1", kStart));
  fail_elsewhere(1);
  CHECK(fail(limiter, "192.0.2.1", kStart));
}
