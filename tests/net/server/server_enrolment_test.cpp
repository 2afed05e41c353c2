// Joins and a change of the server's key while it runs.
#include <atomic>

#include "support/catch.h"
#include "support/enrolment.h"
#include "support/gate.h"

using namespace topnet::base;
using namespace topnet::net;
using namespace topnet::test;

TEST_CASE("Server: a client that joins is served on this connection and later ones", "[server]") {
  EnrolmentFixture fixture;
  const auto server = fixture.serve_tls();
  auto first = fixture.connect_as(fixture.db1);
  send(first.stream, kJoin);
  CHECK(first.read() == FrameType::Joined);
  CHECK(fixture.connections.snapshot().connections.at(0).client == "joined");
  first.fetch();
  auto second = fixture.connect_as(fixture.db1);
  second.fetch();
  CHECK(first.finish().empty());
  CHECK(second.finish().empty());
  CHECK(fixture.outcomes(*server) == Counts{{"completed", 2}});
}

TEST_CASE("Server: an unknown client is evicted for the next one, and for no enrolled client",
          "[server]") {
  EnrolmentFixture fixture;
  fixture.options.handshakes = 1;
  fixture.options.unknown_clients = 1;
  fixture.options.max_clients = 1;
  fixture.enrol(fixture.own.pin, "own");
  const auto server = fixture.serve_tls();
  auto first = fixture.connect_as(fixture.db1);
  // Until then it may be evicted from the only slot for handshakes.
  fixture.wait_until_waiting(1);
  {
    auto enrolled = fixture.connect_as(fixture.own);
    enrolled.fetch();
    CHECK(enrolled.finish().empty());
  }
  send(first.stream, kJoin);
  CHECK(first.read() == FrameType::Joined);
  CHECK(first.finish().empty());
  auto second = fixture.connect_as(fixture.db2);
  fixture.wait_until_waiting(1);
  auto third = fixture.connect_as(fixture.db2);
  CHECK_THROWS_AS(second.read(), ConnectionError);
  second.socket.reset();
  send(third.stream, kJoin);
  CHECK(third.read() == FrameType::Joined);
  CHECK(third.finish().empty());
  CHECK(fixture.outcomes(*server) == Counts{{"completed", 3}, {"refused_busy", 1}});
}

TEST_CASE("Server: a client with a false secret uses no slot of enrolled clients", "[server]") {
  EnrolmentFixture fixture;
  fixture.options.max_clients = 1;
  fixture.enrol(fixture.own.pin, "own");
  Gate gate;
  fixture.hooks.find_join_refusal = [&](const JoinRequest&) -> std::optional<Refusal> {
    gate.pass();
    return Refusal{.code = RefusalCode::JoinRefused, .text = "unknown invite"};
  };
  const auto server = fixture.serve_tls();
  auto joining = fixture.connect_as(fixture.db1);
  send(joining.stream, kJoin);
  gate.wait_for_arrival();
  auto enrolled = fixture.connect_as(fixture.own);
  enrolled.fetch();
  CHECK(enrolled.finish().empty());
  gate.open();
  CHECK(refused(joining.stream) == RefusalCode::JoinRefused);
  CHECK(fixture.outcomes(*server) == Counts{{"completed", 1}, {"refused_auth", 1}});
}

TEST_CASE("Server: reports a client with an unknown key when it refuses it", "[server]") {
  EnrolmentFixture fixture;
  std::vector<Pin> refused_pins;
  fixture.hooks.not_enrolled = [&](const SessionPeer& peer) {
    refused_pins.push_back(peer.pin.value_or(""));
  };
  const auto server = fixture.serve_tls();
  auto client = fixture.connect_as(fixture.db1);
  send(client.stream, request_frame());
  CHECK(refused(client.stream) == RefusalCode::NotEnrolled);
  CHECK(fixture.outcomes(*server) == Counts{{"refused_auth", 1}});
  CHECK(refused_pins == std::vector{fixture.db1.pin});
}

TEST_CASE("Server: no client can join without TLS", "[server]") {
  EnrolmentFixture fixture;
  fixture.hooks.join = SessionHooks().join;
  const auto server = fixture.serve();
  const UniqueFd socket = fixture.connect();
  SocketStream stream(socket.raw());
  send(stream, kJoin + request_frame());
  CHECK(refused(stream) == RefusalCode::JoinRefused);
  CHECK(fixture.outcomes(*server) == Counts{{"refused_auth", 1}});
}

TEST_CASE("Server: a client that joins during a check for revocations is not revoked", "[server]") {
  EnrolmentFixture fixture;
  Gate gate;
  fixture.hooks.join = [&](const JoinRequest&,
                           const SessionPeer& peer) -> std::variant<Joined, Refusal> {
    gate.pass();
    fixture.enrol(peer.pin.value_or(""), "joined");
    return Joined{.name = "joined"};
  };
  const auto server = fixture.serve_tls();
  auto joining = fixture.connect_as(fixture.db1);
  send(joining.stream, kJoin);
  gate.wait_for_arrival();
  server->check_enrolments();
  gate.open();
  CHECK(joining.read() == FrameType::Joined);
  joining.fetch();
  server->check_enrolments();
  joining.fetch();
  fixture.revoke(fixture.db1.pin);
  server->check_enrolments();
  CHECK(read_refusal(joining.stream) == RefusalCode::NotEnrolled);
  CHECK(fixture.outcomes(*server) == Counts{{"refused_auth", 1}});
}

TEST_CASE("Server: a check without changes ends no connection", "[server]") {
  EnrolmentFixture fixture;
  fixture.enrol(fixture.db1.pin, "db1");
  const auto server = fixture.serve_tls();
  auto enrolled = fixture.connect_as(fixture.db1);
  auto unknown = fixture.connect_as(fixture.db2);
  fixture.wait_until_authenticated(1);
  for (int i = 0; i < 3; ++i) server->check_enrolments();
  enrolled.fetch();
  CHECK(enrolled.finish().empty());
  // The unknown client may still join.
  send(unknown.stream, kJoin);
  CHECK(unknown.read() == FrameType::Joined);
  CHECK(unknown.finish().empty());
  CHECK(fixture.outcomes(*server) == Counts{{"completed", 2}});
}

TEST_CASE("Server: a new key is used for new connections and existing ones continue", "[server]") {
  EnrolmentFixture fixture;
  const Identity next = load_identity(StateDirectory(fixture.folder / "next"));
  fixture.enrol(fixture.db1.pin, "db1");
  std::atomic<bool> has_changed = false;
  const auto old_context = std::make_shared<const TlsContext>(TlsContext::server(fixture.own));
  const auto new_context = std::make_shared<const TlsContext>(TlsContext::server(next));
  fixture.options.uses_tls = true;
  fixture.hooks.tls = [&] { return has_changed ? new_context : old_context; };
  const auto server = fixture.serve();
  ClientConnection before(fixture, fixture.db1, fixture.own.pin);
  before.fetch();
  has_changed = true;
  ClientConnection after(fixture, fixture.db1, next.pin);
  after.fetch();
  before.fetch();
  CHECK_THROWS_AS(ClientConnection(fixture, fixture.db1, fixture.own.pin), UntrustedKeyError);
  CHECK(before.finish().empty());
  CHECK(after.finish().empty());
  CHECK(fixture.outcomes(*server) == Counts{{"completed", 2}, {"handshake_failed", 1}});
}
