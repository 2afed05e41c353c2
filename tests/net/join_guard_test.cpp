#include "net/join_guard.h"

#include "support/catch.h"

using topnet::net::JoinGuard;
using namespace std::chrono_literals;

namespace {

const JoinGuard::Clock::time_point kStart{1000h};

void fail(JoinGuard& guard, const std::string& address, int times,
          JoinGuard::Clock::time_point now) {
  for (int i = 0; i < times; ++i) guard.note_failure(address, now);
}

}  // namespace

TEST_CASE("an address may fail five times, and then has to wait for a minute") {
  JoinGuard guard;
  for (int i = 0; i < 5; ++i) {
    CHECK(guard.may_try("192.0.2.1", kStart));
    guard.note_failure("192.0.2.1", kStart);
  }
  CHECK_FALSE(guard.may_try("192.0.2.1", kStart));
  CHECK_FALSE(guard.may_try("192.0.2.1", kStart + 59999ms));
  CHECK(guard.may_try("192.0.2.1", kStart + 60s));
}

TEST_CASE("other addresses do not wait for it") {
  JoinGuard guard;
  fail(guard, "192.0.2.1", 5, kStart);
  CHECK_FALSE(guard.may_try("192.0.2.1", kStart));
  CHECK(guard.may_try("192.0.2.10", kStart));
  CHECK(guard.may_try("::1", kStart));
  CHECK(guard.may_try("", kStart));
}

TEST_CASE("each failure counts for a minute from when it was") {
  JoinGuard guard;
  for (int second = 0; second < 50; second += 10) {
    guard.note_failure("::1", kStart + std::chrono::seconds(second));
  }
  CHECK_FALSE(guard.may_try("::1", kStart + 50s));
  CHECK(guard.may_try("::1", kStart + 60s));
  guard.note_failure("::1", kStart + 60s);
  CHECK_FALSE(guard.may_try("::1", kStart + 69s));
  CHECK(guard.may_try("::1", kStart + 70s));
}

TEST_CASE("whoever does not fail may come as often as it likes") {
  JoinGuard guard;
  fail(guard, "192.0.2.1", 4, kStart);
  for (int i = 0; i < 1000; ++i) CHECK(guard.may_try("192.0.2.1", kStart));
}

TEST_CASE("however many addresses have failed, those that were counted go on being counted") {
  JoinGuard guard;
  fail(guard, "192.0.2.1", 4, kStart);
  for (int i = 0; i < 20000; ++i) guard.note_failure("2001:db8::" + std::to_string(i), kStart);
  CHECK(guard.may_try("192.0.2.1", kStart));
  guard.note_failure("192.0.2.1", kStart);
  CHECK_FALSE(guard.may_try("192.0.2.1", kStart));
  // A minute later there is room again.
  fail(guard, "192.0.2.2", 1, kStart + 60s);
  CHECK(guard.may_try("192.0.2.1", kStart + 60s));
  fail(guard, "192.0.2.2", 5, kStart + 60s);
  CHECK_FALSE(guard.may_try("192.0.2.2", kStart + 60s));
}
