#include "net/guess_guard.h"

#include <atomic>
#include <thread>
#include <vector>

#include "support/catch.h"

using topnet::net::GuessGuard;
using namespace std::chrono_literals;

namespace {

const GuessGuard::Clock::time_point kStart{1000h};

// Fails so often; whether all of these tries were allowed.
bool fail(GuessGuard& guard, const std::string& address, int times,
          GuessGuard::Clock::time_point now) {
  for (int i = 0; i < times; ++i) {
    auto attempt = guard.begin(address, now);
    if (!attempt) return false;
    attempt->fail(now);
  }
  return true;
}

bool may_try(GuessGuard& guard, const std::string& address, GuessGuard::Clock::time_point now) {
  return guard.begin(address, now).has_value();
}

}  // namespace

TEST_CASE("an address may fail five times, and then has to wait for a minute") {
  GuessGuard guard;
  CHECK(fail(guard, "192.0.2.1", 5, kStart));
  CHECK_FALSE(may_try(guard, "192.0.2.1", kStart));
  CHECK_FALSE(may_try(guard, "192.0.2.1", kStart + 59999ms));
  CHECK(may_try(guard, "192.0.2.1", kStart + 60s));
}

TEST_CASE("other addresses do not wait for it") {
  GuessGuard guard;
  CHECK(fail(guard, "192.0.2.1", 5, kStart));
  CHECK_FALSE(may_try(guard, "192.0.2.1", kStart));
  CHECK(may_try(guard, "192.0.2.10", kStart));
  CHECK(may_try(guard, "::1", kStart));
  CHECK(may_try(guard, "", kStart));
}

TEST_CASE("the addresses of one IPv6 network are one") {
  GuessGuard guard;
  for (const char* const address : {"2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:1:f::",
                                    "2001:db8:0:1::1", "2001:db8:0:1:ffff::1"}) {
    CHECK(fail(guard, address, 1, kStart));
  }
  CHECK_FALSE(may_try(guard, "2001:db8:0:1::99", kStart));
  CHECK(may_try(guard, "2001:db8:0:2::1", kStart));
}

TEST_CASE("each failure counts for a minute from when it was") {
  GuessGuard guard;
  for (int second = 0; second < 50; second += 10) {
    CHECK(fail(guard, "::1", 1, kStart + std::chrono::seconds(second)));
  }
  CHECK_FALSE(may_try(guard, "::1", kStart + 50s));
  CHECK(fail(guard, "::1", 1, kStart + 60s));
  CHECK_FALSE(may_try(guard, "::1", kStart + 69s));
  CHECK(may_try(guard, "::1", kStart + 70s));
}

TEST_CASE("whoever does not fail may come as often as it likes") {
  GuessGuard guard;
  CHECK(fail(guard, "192.0.2.1", 4, kStart));
  for (int i = 0; i < 1000; ++i) CHECK(may_try(guard, "192.0.2.1", kStart));
}

TEST_CASE(
    "many that try at once fail no more often than one after the other, and succeed as well") {
  for (const bool fails : {true, false}) {
    GuessGuard guard;
    std::atomic<int> allowed = 0;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 40; ++i) {
        threads.emplace_back([&] {
          auto attempt = guard.begin("192.0.2.1", kStart);
          if (!attempt) return;
          ++allowed;
          std::this_thread::yield();
          if (fails) attempt->fail(kStart);
        });
      }
    }
    CHECK(allowed == (fails ? 5 : 40));
  }
}

TEST_CASE("however many addresses have failed, those that were counted go on being counted") {
  GuessGuard guard;
  CHECK(fail(guard, "192.0.2.1", 4, kStart));
  for (int i = 0; i < 20000; ++i) {
    fail(guard, "198.18." + std::to_string(i / 250) + "." + std::to_string(i % 250), 1, kStart);
  }
  CHECK(fail(guard, "192.0.2.1", 1, kStart));
  CHECK_FALSE(may_try(guard, "192.0.2.1", kStart));
  // A minute later there is room again.
  CHECK(fail(guard, "192.0.2.2", 5, kStart + 60s));
  CHECK_FALSE(may_try(guard, "192.0.2.2", kStart + 60s));
  CHECK(may_try(guard, "192.0.2.1", kStart + 60s));
}
