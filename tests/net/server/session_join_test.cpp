// Joins, revocations and announcements of the next key in one session.
#include "net/server/session.h"
#include "support/catch.h"
#include "support/pins.h"
#include "support/session_fixture.h"

using namespace topnet::base;
using namespace topnet::net;
using namespace topnet::test;

namespace {

const std::string kSessionSecret = "00112233445566778899aabbccddeeff";
const std::string kOtherSecret = "ffeeddccbbaa99887766554433221100";

std::string join_frame(const std::string& secret = kSessionSecret) {
  return frame(FrameType::Join, to_json(JoinRequest{.secret = secret, .server = pin_of('s')}));
}

// A client with a key. The invite with kSessionSecret is valid and enrols it as "db7".
struct JoinFixture : SessionFixture {
  std::vector<JoinRequest> joins;

  explicit JoinFixture(bool is_enrolled = false) {
    peer.pin = pin_of('k');
    peer.is_enrolled = is_enrolled;
    if (!is_enrolled) peer.client.reset();
    hooks.join = [this](const JoinRequest& request,
                        const SessionPeer& client) -> std::variant<Joined, Refusal> {
      joins.push_back(request);
      if (client.pin == pin_of('k') && request.secret == kSessionSecret)
        return Joined{.name = "db7"};
      return Refusal{.code = RefusalCode::JoinRefused, .text = "unknown invite"};
    };
  }
};

}  // namespace

TEST_CASE("ServerSession: J1, J2: serves a client that joins on the same connection under its name",
          "[server_session]") {
  JoinFixture fixture;
  const auto [frames, outcome] = fixture.answer(join_frame() + request_frame() + top_frame());
  CHECK(outcome == Outcome::Completed);
  REQUIRE(types_of(frames) ==
          std::vector{FrameType::Joined, FrameType::Data, FrameType::End, FrameType::Ack});
  CHECK(parse_joined(frames[0].payload) == Joined{.name = "db7"});
  CHECK(fixture.joins == std::vector{JoinRequest{.secret = kSessionSecret, .server = pin_of('s')}});
  REQUIRE(fixture.done.size() == 1);
  CHECK(fixture.done[0].client == "db7");
  const auto snapshot = fixture.connections.snapshot();
  CHECK(snapshot.connections.at(0).client == "db7");
  CHECK(fixture.client_reports.all().at(0).client == "db7");
}

TEST_CASE("ServerSession: a connection with a JOIN alone is complete", "[server_session]") {
  JoinFixture fixture;
  const auto [frames, outcome] = fixture.answer(join_frame());
  CHECK(outcome == Outcome::Completed);
  CHECK(types_of(frames) == std::vector{FrameType::Joined});
}

TEST_CASE("ServerSession: an unknown client has one attempt to join", "[server_session]") {
  for (const std::string& rest : {join_frame(), request_frame() + top_frame()}) {
    JoinFixture fixture;
    MemoryStream stream(join_frame(kOtherSecret) + rest);
    CHECK(fixture.run(stream) == Outcome::RefusedAuth);
    const auto frames = frames_of(stream.output);
    CHECK(frames.size() == 1);
    CHECK(refusal_in(frames) ==
          Refusal{.code = RefusalCode::JoinRefused, .text = "unknown invite"});
    CHECK(stream.left() == rest.size());
    CHECK(fixture.joins.size() == 1);
    CHECK_FALSE(fixture.connections.snapshot().connections.at(0).client);
  }
}

TEST_CASE("ServerSession: J4, E8: a refused second JOIN ends the connection", "[server_session]") {
  JoinFixture fixture;
  const auto [frames, outcome] =
      fixture.answer(join_frame() + join_frame(kOtherSecret) + request_frame() + top_frame());
  CHECK(outcome == Outcome::RefusedAuth);
  CHECK(types_of(frames) == std::vector{FrameType::Joined, FrameType::Error});
  CHECK(refusal_in(frames).code == RefusalCode::JoinRefused);
  CHECK(fixture.done.empty());
}

TEST_CASE("ServerSession: J3: an enrolled client that joins again keeps its name on the connection",
          "[server_session]") {
  JoinFixture fixture(true);
  const auto [frames, outcome] =
      fixture.answer(join_frame() + join_frame() + request_frame() + top_frame());
  CHECK(outcome == Outcome::Completed);
  CHECK(types_of(frames) == std::vector{FrameType::Joined, FrameType::Joined, FrameType::Data,
                                        FrameType::End, FrameType::Ack});
  CHECK(fixture.done.at(0).client == "db1");
  CHECK(fixture.connections.snapshot().connections.at(0).client == "db1");
}

TEST_CASE("ServerSession: M3, M10: an invalid JOIN is a protocol error and is not tried",
          "[server_session]") {
  for (const std::string& payload :
       {std::string("[]"), std::string("{}"), R"({"secret":")" + kSessionSecret + "\"}",
        R"({"secret":"x","server":")" + pin_of('s') + "\"}"}) {
    CAPTURE(payload);
    JoinFixture fixture;
    const auto [frames, outcome] = fixture.answer(frame(FrameType::Join, payload) + join_frame());
    CHECK(outcome == Outcome::ProtocolError);
    CHECK(frames.size() == 1);
    CHECK(refusal_in(frames).code == RefusalCode::Protocol);
    CHECK(fixture.joins.empty());
  }
}

TEST_CASE("ServerSession: a JOIN instead of TOP is a protocol error", "[server_session]") {
  JoinFixture fixture(true);
  const auto [frames, outcome] = fixture.answer(request_frame() + join_frame() + top_frame());
  CHECK(outcome == Outcome::ProtocolError);
  CHECK(refusal_in(frames).code == RefusalCode::Protocol);
  CHECK(fixture.joins.empty());
}

TEST_CASE("ServerSession: J2: a client cannot choose its name", "[server_session]") {
  SessionFixture fixture;
  fixture.connections.set_client(fixture.peer.id, "db1");
  const std::string claims =
      R"({"id":")" + kSessionSecret +
      R"(","host":"web01","client":"local","pid":1,"name":"db9",)"
      R"("window":{"kind":"since_start","seconds":null},"clock_ticks_per_second":100,)"
      R"("user_ticks":1,"system_ticks":1})";
  const std::string request =
      R"({"top":1,"sort":"cpu","format":"csv","delay":null,"hold":0,"client":"local"})";
  CHECK(
      fixture.answer(frame(FrameType::Request, request) + frame(FrameType::Top, claims)).outcome ==
      Outcome::Completed);
  CHECK(fixture.done.at(0).client == "db1");
  CHECK(fixture.client_reports.all().at(0).client == "db1");
  CHECK(fixture.connections.snapshot().connections.at(0).client == "db1");
}

TEST_CASE("ServerSession: tells a revoked client whose input was ended why", "[server_session]") {
  for (const bool is_revoked : {false, true}) {
    CAPTURE(is_revoked);
    SessionFixture fixture;
    bool is_sent = false;
    fixture.hooks.is_revoked = [&] { return is_sent && is_revoked; };
    fixture.hooks.next_pin = [&]() -> std::optional<Pin> {
      is_sent = true;  // called for END
      return std::nullopt;
    };
    MemoryStream stream(request_frame(), 7, MemoryStream::Then::Break);
    const Outcome outcome = fixture.run(stream);
    const auto frames = frames_of(stream.output);
    CHECK(outcome == (is_revoked ? Outcome::RefusedAuth : Outcome::PeerGone));
    CHECK(frames.size() == (is_revoked ? 3 : 2));
    if (is_revoked) CHECK(refusal_in(frames).code == RefusalCode::NotEnrolled);
    CHECK(fixture.client_reports.all().empty());
  }
}

TEST_CASE("ServerSession: J5, M6, M7: announces the next key and records the clients that know it",
          "[server_session]") {
  const std::optional<Pin> next =
      GENERATE(as<std::optional<Pin>>{}, std::nullopt, std::optional(pin_of('n')));
  SessionFixture fixture;
  std::vector<Pin> learned;
  fixture.peer.pin = pin_of('k');
  fixture.hooks.next_pin = [&] { return next; };
  fixture.hooks.learned = [&](const SessionPeer& peer, const Pin& pin) {
    CHECK(peer.pin == pin_of('k'));
    learned.push_back(pin);
  };
  BusiestProcess busiest{.id = kSessionSecret, .host = {}, .pid = 1, .name = "init"};
  for (const std::optional<Pin>& known :
       std::vector<std::optional<Pin>>{std::nullopt, pin_of('x'), pin_of('n')}) {
    busiest.learned_pin = known;
    const auto [frames, outcome] = fixture.answer(request_frame() + top_frame(busiest));
    CHECK(outcome == Outcome::Completed);
    CHECK(parse_end(frames.at(1).payload).next_pin == next);
    CHECK(learned.size() == (next && known == next ? 1 : 0));
  }
}
