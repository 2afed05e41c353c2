// The deadlines of topnet-protocol(7). No test waits: a deadline is compared with the times just
// before and after it was set.

#include "net/server/session.h"
#include "support/catch.h"
#include "support/pins.h"
#include "support/session_fixture.h"

using namespace topnet::base;
using namespace topnet::net;
using namespace std::chrono_literals;
using namespace topnet::test;

namespace {

using Clock = std::chrono::steady_clock;

// A deadline, and the times between which it was set.
struct MeasuredDeadline {
  Deadline deadline;
  TimePoint earliest;
  TimePoint latest = Clock::now();

  bool is_after(std::chrono::milliseconds duration) const {
    return earliest + duration <= deadline && deadline <= latest + duration;
  }
};

// Adds a deadline unless it is the last one: a session waits for each part of a request.
void add_if_new(std::vector<Deadline>& waits, Deadline deadline) {
  if (waits.empty() || waits.back() != deadline) waits.push_back(deadline);
}

// The deadlines of the first request and of the request after an exchange.
std::vector<MeasuredDeadline> request_deadlines(std::chrono::milliseconds hold) {
  SessionFixture fixture;
  std::vector<MeasuredDeadline> waits;
  TimePoint earliest = Clock::now();
  fixture.hooks.exchange_done = [&](const Exchange&) { earliest = Clock::now(); };
  fixture.hooks.wait_for_client = [&](Deadline deadline) {
    if (waits.empty() || waits.back().deadline != deadline) {
      waits.push_back({.deadline = deadline, .earliest = earliest});
    }
    return WaitResult::Readable;
  };
  CHECK(fixture.answer(request_frame({.hold = hold}) + top_frame()).outcome == Outcome::Completed);
  return waits;
}

}  // namespace

TEST_CASE("ServerSession: D2: the first request is due after 5 s", "[server_session]") {
  const std::vector<MeasuredDeadline> waits = request_deadlines(0s);
  REQUIRE(waits.size() == 2);
  CHECK(waits[0].is_after(5s));
}

TEST_CASE("ServerSession: D4: the next request is due after 60 s or after the hold and 5 s",
          "[server_session]") {
  for (const auto& [hold, timeout] :
       std::vector<std::pair<std::chrono::seconds, std::chrono::seconds>>{
           {0s, 60s}, {55s, 60s}, {56s, 61s}, {60s, 65s}, {3600s, 3605s}}) {
    CAPTURE(hold.count());
    const std::vector<MeasuredDeadline> waits = request_deadlines(hold);
    REQUIRE(waits.size() == 2);
    CHECK(waits[1].is_after(timeout));
  }
}

TEST_CASE("ServerSession: D2, D4, D5: a JOIN does not extend the deadline of the request",
          "[server_session]") {
  SessionFixture fixture;
  fixture.hooks.join = [](const auto&...) { return Joined{.name = "db1"}; };
  std::vector<Deadline> waits;
  fixture.hooks.wait_for_client = [&](Deadline deadline) {
    add_if_new(waits, deadline);
    return WaitResult::Readable;
  };
  const std::string join = frame(
      FrameType::Join,
      to_json(JoinRequest{.secret = "00112233445566778899aabbccddeeff", .server = pin_of('s')}));
  const std::string exchange = request_frame() + top_frame();
  CHECK(fixture.answer(join + join + exchange + join + exchange).outcome == Outcome::Completed);
  CHECK(waits.size() == 3);  // before the exchanges, between them and after them
}

TEST_CASE("ServerSession: D4: only the hold of the last request counts", "[server_session]") {
  SessionFixture fixture;
  std::vector<Deadline> waits;
  fixture.hooks.wait_for_client = [&](Deadline deadline) {
    add_if_new(waits, deadline);
    return WaitResult::Readable;
  };
  fixture.answer(request_frame({.hold = 3600s}) + top_frame() + request_frame() + top_frame());
  REQUIRE(waits.size() == 3);
  CHECK(waits[1] > waits[2]);
}

TEST_CASE("ServerSession: D3, D5: the acknowledgement is due 30 s and the delay after the request",
          "[server_session]") {
  const auto delay =
      GENERATE(as<std::optional<std::chrono::milliseconds>>{}, std::nullopt, 10ms, 1500ms, 3600s);
  SessionFixture fixture;
  fixture.report = std::string(100000, 'x');
  MeasuredDeadline exchange{};
  fixture.hooks.make_report = [&](const ReportRequest&, const WaitUntil&) {
    exchange.latest = Clock::now();
    return fixture.write_report();
  };
  fixture.hooks.wait_for_client = [&](Deadline) {
    if (fixture.done.empty()) exchange.earliest = Clock::now();
    return WaitResult::Readable;
  };
  MemoryStream stream(request_frame({.delay = delay}) + top_frame(), 1);
  CHECK(fixture.run(stream) == Outcome::Completed);
  REQUIRE(stream.write_deadlines.size() == 1);
  exchange.deadline = *stream.write_deadlines.begin();
  CHECK(exchange.is_after(30s + delay.value_or(0ms)));
  // The other two are the deadlines of the requests.
  CHECK(stream.read_deadlines.size() == 3);
  CHECK(stream.read_deadlines.contains(exchange.deadline));
}

TEST_CASE("ServerSession: E4, D6: refuses a client that sends no request in time",
          "[server_session]") {
  for (const std::size_t exchanges : {0U, 1U}) {
    SessionFixture fixture;
    fixture.hooks.wait_for_client = [&](Deadline) {
      return fixture.done.size() < exchanges ? WaitResult::Readable : WaitResult::TimedOut;
    };
    MemoryStream stream(request_frame() + top_frame());
    CHECK(fixture.run(stream) == Outcome::TimedOut);
    CHECK(refusal_in(frames_of(stream.output)).code == RefusalCode::Timeout);
  }
}

TEST_CASE("ServerSession: E4, D6: refuses a client that stops inside a frame or before TOP",
          "[server_session]") {
  const std::string complete = request_frame() + top_frame();
  for (std::size_t length = 1; length < complete.size(); ++length) {
    CAPTURE(length);
    SessionFixture fixture;
    MemoryStream stream(complete.substr(0, length), 7, MemoryStream::Then::Silence);
    CHECK(fixture.run(stream) == Outcome::TimedOut);
    CHECK(refusal_in(frames_of(stream.output)).code == RefusalCode::Timeout);
    CHECK(fixture.done.empty());
  }
}

TEST_CASE("ServerSession: D6: the deadline of an exchange ends it if the client does not read",
          "[server_session]") {
  SessionFixture fixture;
  fixture.report = std::string(100000, 'x');
  MemoryStream stream(request_frame() + top_frame());
  stream.room = 50000;
  CHECK(fixture.run(stream) == Outcome::TimedOut);
  CHECK(fixture.done.empty());
}

TEST_CASE("ServerSession: a hand-off does not change the deadline of a request",
          "[server_session]") {
  SessionFixture fixture;
  fixture.limits.hand_off = 250ms;
  std::vector<Deadline> waits;
  fixture.hooks.wait_for_client = [&](Deadline deadline) {
    add_if_new(waits, deadline);
    // Times out before each hand-off, and finds a request after it.
    return waits.size() % 2 == 1 ? WaitResult::TimedOut : WaitResult::Readable;
  };
  MemoryStream stream(request_frame() + top_frame());
  const TimePoint earliest = Clock::now();
  ServerSession session(stream, fixture.peer, fixture.limits, fixture.delegate, fixture.connection,
                        fixture.connections);
  CHECK_FALSE(session.run());
  CHECK(MeasuredDeadline{.deadline = waits.at(0), .earliest = earliest}.is_after(250ms));
  CHECK_FALSE(session.run());
  CHECK(fixture.done.size() == 1);
  CHECK(session.run() == Outcome::Completed);
  REQUIRE(waits.size() == 4);
  CHECK(MeasuredDeadline{.deadline = waits[1], .earliest = earliest}.is_after(5s));
  CHECK(MeasuredDeadline{.deadline = waits[3], .earliest = earliest}.is_after(60s));
}

TEST_CASE("ServerSession: refuses a client whose deadline precedes the hand-off",
          "[server_session]") {
  SessionFixture fixture;
  fixture.limits.request = 100ms;
  fixture.limits.hand_off = 250ms;
  fixture.hooks.wait_for_client = [](Deadline) { return WaitResult::TimedOut; };
  MemoryStream stream("");
  CHECK(fixture.run(stream) == Outcome::TimedOut);
}
