// What topnet-protocol(7) gives a client time for. No test waits: a deadline is compared with the
// moments just before and behind the one at which it was set.

#include "net/session.h"
#include "support/catch.h"
#include "support/session_trial.h"

using namespace topnet::net;
using namespace std::chrono_literals;
using topnet::test::frame;
using topnet::test::frames_of;
using topnet::test::MemoryStream;
using topnet::test::request_frame;
using topnet::test::SessionTrial;
using topnet::test::top_frame;

namespace {

Deadline now() { return std::chrono::steady_clock::now(); }

// A deadline, and the moments between which it was set.
struct Set {
  Deadline deadline;
  Deadline earliest;
  Deadline latest = now();

  bool gives(std::chrono::milliseconds patience) const {
    return earliest + patience <= deadline && deadline <= latest + patience;
  }
};

// The deadlines that a client gets for its first request and for the one behind an exchange.
std::vector<Set> waits_for(std::chrono::milliseconds hold) {
  SessionTrial trial;
  std::vector<Set> waits;
  Deadline earliest = now();
  trial.hooks.exchange_done = [&](const Exchange&) { earliest = now(); };
  trial.hooks.wait_for_client = [&](Deadline deadline) {
    waits.push_back({.deadline = deadline, .earliest = earliest});
    return Wake::Client;
  };
  CHECK(trial.answer(request_frame({.hold = hold}) + top_frame()).outcome == Outcome::Completed);
  return waits;
}

Refusal refusal_in(const std::string& output) {
  const std::vector<Frame> frames = frames_of(output);
  REQUIRE_FALSE(frames.empty());
  REQUIRE(frames.back().type == FrameType::Error);
  return parse_refusal(frames.back().payload);
}

}  // namespace

TEST_CASE("D2: the first request has five seconds") {
  const std::vector<Set> waits = waits_for(0s);
  REQUIRE(waits.size() == 2);
  CHECK(waits[0].gives(5s));
}

TEST_CASE("D4: an idle client has sixty seconds, or its hold and five for its goodbye") {
  for (const auto& [hold, patience] :
       std::vector<std::pair<std::chrono::seconds, std::chrono::seconds>>{
           {0s, 60s}, {55s, 60s}, {56s, 61s}, {60s, 65s}, {3600s, 3605s}}) {
    CAPTURE(hold.count());
    const std::vector<Set> waits = waits_for(hold);
    REQUIRE(waits.size() == 2);
    CHECK(waits[1].gives(patience));
  }
}

TEST_CASE("D4: the hold of an earlier request is forgotten") {
  SessionTrial trial;
  std::vector<Deadline> waits;
  trial.hooks.wait_for_client = [&](Deadline deadline) {
    waits.push_back(deadline);
    return Wake::Client;
  };
  trial.answer(request_frame({.hold = 3600s}) + top_frame() + request_frame() + top_frame());
  REQUIRE(waits.size() == 3);
  CHECK(waits[1] > waits[2]);
}

TEST_CASE("D3, D5: from a request to its acknowledgement there are thirty seconds and its delay") {
  const auto delay =
      GENERATE(as<std::optional<std::chrono::milliseconds>>{}, std::nullopt, 10ms, 1500ms, 3600s);
  SessionTrial trial;
  trial.report = std::string(100000, 'x');
  Set exchange{};
  trial.hooks.make_report = [&](const ReportRequest&, const WaitUntil&) {
    exchange.latest = now();
    return trial.write_report();
  };
  trial.hooks.wait_for_client = [&](Deadline) {
    if (trial.done.empty()) exchange.earliest = now();
    return Wake::Client;
  };
  MemoryStream stream(request_frame({.delay = delay}) + top_frame(), 1);
  CHECK(trial.run(stream) == Outcome::Completed);
  REQUIRE(stream.write_deadlines.size() == 1);
  exchange.deadline = *stream.write_deadlines.begin();
  CHECK(exchange.gives(30s + delay.value_or(0ms)));
  // The others are those of the two requests.
  CHECK(stream.read_deadlines.size() == 3);
  CHECK(stream.read_deadlines.contains(exchange.deadline));
}

TEST_CASE("E4, D6: a client that is silent where a request is due is told that it took too long") {
  for (const std::size_t exchanges : {0U, 1U}) {
    SessionTrial trial;
    trial.hooks.wait_for_client = [&](Deadline) {
      return trial.done.size() < exchanges ? Wake::Client : Wake::Nobody;
    };
    MemoryStream stream(request_frame() + top_frame());
    CHECK(trial.run(stream) == Outcome::TimedOut);
    CHECK(refusal_in(stream.output).code == RefusalCode::Timeout);
  }
}

TEST_CASE("E4, D6: a client that is silent inside a frame or before its top is told so too") {
  const std::string whole = request_frame() + top_frame();
  for (std::size_t length = 1; length < whole.size(); ++length) {
    CAPTURE(length);
    SessionTrial trial;
    MemoryStream stream(whole.substr(0, length), 7, MemoryStream::Then::Silence);
    CHECK(trial.run(stream) == Outcome::TimedOut);
    CHECK(refusal_in(stream.output).code == RefusalCode::Timeout);
    CHECK(trial.done.empty());
  }
}

TEST_CASE("D6: a client that does not read runs into the exchange's deadline") {
  SessionTrial trial;
  trial.report = std::string(100000, 'x');
  MemoryStream stream(request_frame() + top_frame());
  stream.room = 50000;
  CHECK(trial.run(stream) == Outcome::TimedOut);
  CHECK(trial.done.empty());
}

TEST_CASE("a client that is waited for is given its whole time, by whatever thread goes on") {
  SessionTrial trial;
  trial.limits.rest = 250ms;
  std::vector<Deadline> waits;
  trial.hooks.wait_for_client = [&](Deadline deadline) {
    waits.push_back(deadline);
    // It comes to nothing before the session rests, and to a request afterwards, twice.
    return waits.size() % 2 == 1 ? Wake::Nobody : Wake::Client;
  };
  MemoryStream stream(request_frame() + top_frame());
  const Deadline earliest = now();
  Session session(stream, trial.peer, trial.limits, trial.delegate, trial.connection,
                  trial.connections);
  CHECK_FALSE(session.run());
  CHECK(Set{.deadline = waits.at(0), .earliest = earliest}.gives(250ms));
  CHECK_FALSE(session.run());
  CHECK(trial.done.size() == 1);
  CHECK(session.run() == Outcome::Completed);
  REQUIRE(waits.size() == 4);
  CHECK(Set{.deadline = waits[1], .earliest = earliest}.gives(5s));
  CHECK(Set{.deadline = waits[3], .earliest = earliest}.gives(60s));
}

TEST_CASE("a client whose time is up before the session would rest is told so") {
  SessionTrial trial;
  trial.limits.request = 100ms;
  trial.limits.rest = 250ms;
  trial.hooks.wait_for_client = [](Deadline) { return Wake::Nobody; };
  MemoryStream stream("");
  CHECK(trial.run(stream) == Outcome::TimedOut);
}
