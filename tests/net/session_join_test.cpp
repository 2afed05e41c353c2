// Who joins, who is revoked, and how a next key gets about, in one session.
#include "net/session.h"
#include "support/catch.h"
#include "support/pins.h"
#include "support/session_trial.h"

using namespace topnet::net;
using topnet::test::frame;
using topnet::test::frames_of;
using topnet::test::MemoryStream;
using topnet::test::pin_of;
using topnet::test::request_frame;
using topnet::test::SessionTrial;
using topnet::test::top_frame;

namespace {

const std::string kSecret = "00112233445566778899aabbccddeeff";
const std::string kOtherSecret = "ffeeddccbbaa99887766554433221100";

std::string join_frame(const std::string& secret = kSecret) {
  return frame(FrameType::Join, to_json(JoinRequest{.secret = secret, .server = pin_of('s')}));
}

std::vector<FrameType> types_of(const std::vector<Frame>& frames) {
  std::vector<FrameType> types;
  for (const Frame& each : frames) types.push_back(each.type);
  return types;
}

Refusal refusal_in(const std::vector<Frame>& frames) {
  REQUIRE_FALSE(frames.empty());
  REQUIRE(frames.back().type == FrameType::Error);
  return parse_refusal(frames.back().payload);
}

// A client with a key; the invite with kSecret is good, and makes it "db7".
struct JoinTrial : SessionTrial {
  std::vector<JoinRequest> joins;

  explicit JoinTrial(bool is_enrolled = false) {
    peer.pin = pin_of('k');
    peer.is_enrolled = is_enrolled;
    if (!is_enrolled) peer.client.reset();
    hooks.join = [this](const JoinRequest& request,
                        const SessionPeer& who) -> std::variant<Joined, Refusal> {
      joins.push_back(request);
      if (who.pin == pin_of('k') && request.secret == kSecret) return Joined{.name = "db7"};
      return Refusal{.code = RefusalCode::JoinRefused, .text = "unknown invite"};
    };
  }
};

}  // namespace

TEST_CASE("J1, J2: a stranger that joins is served on the same connection, under its new name") {
  JoinTrial trial;
  const auto [frames, outcome] = trial.answer(join_frame() + request_frame() + top_frame());
  CHECK(outcome == Outcome::Completed);
  REQUIRE(types_of(frames) ==
          std::vector{FrameType::Joined, FrameType::Data, FrameType::End, FrameType::Ack});
  CHECK(parse_joined(frames[0].payload) == Joined{.name = "db7"});
  CHECK(trial.joins == std::vector{JoinRequest{.secret = kSecret, .server = pin_of('s')}});
  REQUIRE(trial.done.size() == 1);
  CHECK(trial.done[0].client == "db7");
  const auto snapshot = trial.connections.snapshot();
  CHECK(snapshot.connections.at(0).client == "db7");
  CHECK(trial.tops.all().at(0).client == "db7");
}

TEST_CASE("a connection on which nothing but a join was done is complete") {
  JoinTrial trial;
  const auto [frames, outcome] = trial.answer(join_frame());
  CHECK(outcome == Outcome::Completed);
  CHECK(types_of(frames) == std::vector{FrameType::Joined});
}

TEST_CASE("a stranger has one try, and what it sends behind that is not read") {
  for (const std::string& behind : {join_frame(), request_frame() + top_frame()}) {
    JoinTrial trial;
    MemoryStream stream(join_frame(kOtherSecret) + behind);
    CHECK(trial.run(stream) == Outcome::RefusedAuth);
    const auto frames = frames_of(stream.output);
    CHECK(frames.size() == 1);
    CHECK(refusal_in(frames) ==
          Refusal{.code = RefusalCode::JoinRefused, .text = "unknown invite"});
    CHECK(stream.left() == behind.size());
    CHECK(trial.joins.size() == 1);
    CHECK_FALSE(trial.connections.snapshot().connections.at(0).client);
  }
}

TEST_CASE("J4, E8: a second join that is refused ends the connection of a client that had joined") {
  JoinTrial trial;
  const auto [frames, outcome] =
      trial.answer(join_frame() + join_frame(kOtherSecret) + request_frame() + top_frame());
  CHECK(outcome == Outcome::RefusedAuth);
  CHECK(types_of(frames) == std::vector{FrameType::Joined, FrameType::Error});
  CHECK(refusal_in(frames).code == RefusalCode::JoinRefused);
  CHECK(trial.done.empty());
}

TEST_CASE("J3: an enrolled client may join again, and keeps its name on this connection") {
  JoinTrial trial(true);
  const auto [frames, outcome] =
      trial.answer(join_frame() + join_frame() + request_frame() + top_frame());
  CHECK(outcome == Outcome::Completed);
  CHECK(types_of(frames) == std::vector{FrameType::Joined, FrameType::Joined, FrameType::Data,
                                        FrameType::End, FrameType::Ack});
  CHECK(trial.done.at(0).client == "db1");
  CHECK(trial.connections.snapshot().connections.at(0).client == "db1");
}

TEST_CASE("nobody can join where that was not provided for, as without TLS") {
  SessionTrial trial;  // it counts as enrolled, and has no key
  const auto [frames, outcome] = trial.answer(join_frame() + request_frame() + top_frame());
  CHECK(outcome == Outcome::RefusedAuth);
  CHECK(frames.size() == 1);
  CHECK(refusal_in(frames) ==
        Refusal{.code = RefusalCode::JoinRefused, .text = "no invites here"});
}

TEST_CASE("a client without a key is nobody that the invite could be bound to") {
  JoinTrial trial;
  trial.peer.pin.reset();
  CHECK(refusal_in(trial.answer(join_frame()).frames).code == RefusalCode::JoinRefused);
}

TEST_CASE("M3, M10: a join that is no join is a breach, and is not tried") {
  for (const std::string& payload :
       {std::string("[]"), std::string("{}"), R"({"secret":")" + kSecret + "\"}",
        R"({"secret":"x","server":")" + pin_of('s') + "\"}"}) {
    CAPTURE(payload);
    JoinTrial trial;
    const auto [frames, outcome] = trial.answer(frame(FrameType::Join, payload) + join_frame());
    CHECK(outcome == Outcome::ProtocolError);
    CHECK(frames.size() == 1);
    CHECK(refusal_in(frames).code == RefusalCode::Protocol);
    CHECK(trial.joins.empty());
  }
}

TEST_CASE("a join where a top is due is a breach") {
  JoinTrial trial(true);
  const auto [frames, outcome] = trial.answer(request_frame() + join_frame() + top_frame());
  CHECK(outcome == Outcome::ProtocolError);
  CHECK(refusal_in(frames).code == RefusalCode::Protocol);
  CHECK(trial.joins.empty());
}

TEST_CASE("J2: nothing that a client says of itself changes its name") {
  SessionTrial trial;
  trial.connections.set_client(trial.peer.id, "db1");
  const std::string claims =
      R"({"id":")" + kSecret +
      R"(","host":"web01","client":"local","pid":1,"name":"db9",)"
      R"("window":{"kind":"since_start","seconds":null},"clock_ticks_per_second":100,)"
      R"("user_ticks":1,"system_ticks":1})";
  const std::string request =
      R"({"top":1,"sort":"cpu","format":"csv","delay":null,"hold":0,"client":"local"})";
  CHECK(trial.answer(frame(FrameType::Request, request) + frame(FrameType::Top, claims)).outcome ==
        Outcome::Completed);
  CHECK(trial.done.at(0).client == "db1");
  CHECK(trial.tops.all().at(0).client == "db1");
  CHECK(trial.connections.snapshot().connections.at(0).client == "db1");
}

TEST_CASE("a client that is revoked is told so where a request is due, and not served") {
  for (const bool has_fetched : {false, true}) {
    CAPTURE(has_fetched);
    SessionTrial trial;
    trial.hooks.is_revoked = [&] { return trial.done.size() == (has_fetched ? 1U : 0U); };
    const std::string exchange = request_frame() + top_frame();
    const auto [frames, outcome] = trial.answer(exchange + exchange);
    CHECK(outcome == Outcome::RefusedAuth);
    CHECK(frames.size() == (has_fetched ? 4 : 1));
    CHECK(refusal_in(frames).code == RefusalCode::NotEnrolled);
  }
}

TEST_CASE("a revoked client gets nothing of a report that was made meanwhile") {
  SessionTrial trial;
  bool is_revoked = false;
  trial.hooks.is_revoked = [&] { return is_revoked; };
  trial.hooks.make_report = [&](const ReportRequest&, const auto&...) {
    is_revoked = true;
    return trial.write_report();
  };
  const auto [frames, outcome] = trial.answer(request_frame() + top_frame());
  CHECK(outcome == Outcome::RefusedAuth);
  CHECK(types_of(frames) == std::vector{FrameType::Error});
  CHECK(refusal_in(frames).code == RefusalCode::NotEnrolled);
}

TEST_CASE(
    "a client that is revoked while its top is waited for is told so, and its top is not taken") {
  SessionTrial trial;
  bool is_revoked = false;
  trial.hooks.is_revoked = [&] { return is_revoked; };
  trial.hooks.wait_for_input = [&](Deadline) { is_revoked = true; };
  const auto [frames, outcome] = trial.answer(request_frame() + top_frame());
  CHECK(outcome == Outcome::RefusedAuth);
  CHECK(types_of(frames) == std::vector{FrameType::Data, FrameType::End, FrameType::Error});
  CHECK(refusal_in(frames).code == RefusalCode::NotEnrolled);
  CHECK(trial.tops.all().empty());
}

TEST_CASE("a client whose input is ended because it was revoked is told so instead of its ACK") {
  for (const bool is_revoked : {false, true}) {
    CAPTURE(is_revoked);
    SessionTrial trial;
    bool is_sent = false;
    trial.hooks.is_revoked = [&] { return is_sent && is_revoked; };
    trial.hooks.next_pin = [&]() -> std::optional<Pin> {
      is_sent = true;  // asked for the END
      return std::nullopt;
    };
    MemoryStream stream(request_frame(), 7, MemoryStream::Then::Break);
    const Outcome outcome = trial.run(stream);
    const auto frames = frames_of(stream.output);
    CHECK(outcome == (is_revoked ? Outcome::RefusedAuth : Outcome::PeerGone));
    CHECK(frames.size() == (is_revoked ? 3 : 2));
    if (is_revoked) CHECK(refusal_in(frames).code == RefusalCode::NotEnrolled);
    CHECK(trial.tops.all().empty());
  }
}

TEST_CASE(
    "J5, M6, M7: the next key is announced with every report, and noted of the client that knows "
    "it") {
  SessionTrial trial;
  std::vector<Pin> learned;
  trial.peer.pin = pin_of('k');
  trial.hooks.next_pin = [] { return pin_of('n'); };
  trial.hooks.learned = [&](const SessionPeer& peer, const Pin& next) {
    CHECK(peer.pin == pin_of('k'));
    learned.push_back(next);
  };
  Top top{.id = kSecret, .host = {}, .pid = 1, .name = "init"};
  for (const std::optional<Pin>& known :
       std::vector<std::optional<Pin>>{std::nullopt, pin_of('x'), pin_of('n')}) {
    top.learned_pin = known;
    const auto [frames, outcome] =
        trial.answer(request_frame() + frame(FrameType::Top, to_json(top)));
    CHECK(outcome == Outcome::Completed);
    CHECK(parse_end(frames.at(1).payload).next_pin == pin_of('n'));
    CHECK(learned.size() == (known == pin_of('n') ? 1 : 0));
  }
  CHECK(learned == std::vector{pin_of('n')});
}

TEST_CASE("without a next key nothing is announced, and nothing can be learned") {
  SessionTrial trial;
  trial.hooks.learned = [](const SessionPeer&, const Pin&) { FAIL("nothing was announced"); };
  Top top{.id = kSecret, .host = {}, .pid = 1, .name = "init"};
  top.learned_pin = pin_of('n');
  const auto [frames, outcome] =
      trial.answer(request_frame() + frame(FrameType::Top, to_json(top)));
  CHECK(outcome == Outcome::Completed);
  CHECK_FALSE(parse_end(frames.at(1).payload).next_pin);
}
