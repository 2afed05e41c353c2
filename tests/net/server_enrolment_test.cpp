// Who is enrolled while a server runs: joins, and a key that changes.
#include <atomic>

#include "support/catch.h"
#include "support/enrolment.h"
#include "support/gate.h"

using namespace topnet::net;
using topnet::proc::UniqueFd;
using topnet::test::Connected;
using topnet::test::Counts;
using topnet::test::cut_off;
using topnet::test::Enrolment;
using topnet::test::Gate;
using topnet::test::kJoin;
using topnet::test::refused;
using topnet::test::request_frame;
using topnet::test::send;

TEST_CASE("a stranger joins and is served on one connection, and on the next without a join") {
  Enrolment machines;
  const auto server = machines.serve_tls();
  auto first = machines.connect_as(machines.db1);
  send(first.stream, kJoin);
  CHECK(first.read() == FrameType::Joined);
  CHECK(machines.connections.snapshot().connections.at(0).client == "joined");
  first.fetch();
  auto second = machines.connect_as(machines.db1);
  second.fetch();
  CHECK(first.finish().empty());
  CHECK(second.finish().empty());
  CHECK(machines.outcomes(*server) == Counts{{"completed", 2}});
}

TEST_CASE("without TLS nobody can join") {
  Enrolment machines;
  machines.hooks.join = topnet::test::SessionHooks().join;
  const auto server = machines.serve();
  const UniqueFd socket = machines.connect();
  SocketStream stream(socket.raw());
  send(stream, kJoin + request_frame());
  CHECK(refused(stream) == RefusalCode::JoinRefused);
  CHECK(machines.outcomes(*server) == Counts{{"refused_auth", 1}});
}

TEST_CASE("a client that joins while others are revoked is not taken for one of them") {
  Enrolment machines;
  Gate gate;
  machines.hooks.join = [&](const JoinRequest&,
                            const SessionPeer& peer) -> std::variant<Joined, Refusal> {
    gate.pass();
    machines.enrol(peer.pin.value_or(""), "joined");
    return Joined{.name = "joined"};
  };
  const auto server = machines.serve_tls();
  auto joining = machines.connect_as(machines.db1);
  send(joining.stream, kJoin);
  gate.wait_for_somebody();
  server->check_enrolments();
  gate.open();
  CHECK(joining.read() == FrameType::Joined);
  joining.fetch();
  server->check_enrolments();
  joining.fetch();
  machines.revoke(machines.db1.pin);
  server->check_enrolments();
  CHECK(cut_off(joining.stream) == RefusalCode::NotEnrolled);
  CHECK(machines.outcomes(*server) == Counts{{"refused_auth", 1}});
}

TEST_CASE("enrolments that have not changed end nothing") {
  Enrolment machines;
  machines.enrol(machines.db1.pin, "db1");
  const auto server = machines.serve_tls();
  auto enrolled = machines.connect_as(machines.db1);
  auto stranger = machines.connect_as(machines.db2);
  machines.wait_until_known(1);
  for (int i = 0; i < 3; ++i) server->check_enrolments();
  enrolled.fetch();
  CHECK(enrolled.finish().empty());
  // The stranger's turn to join has not passed.
  send(stranger.stream, kJoin);
  CHECK(stranger.read() == FrameType::Joined);
  CHECK(stranger.finish().empty());
  CHECK(machines.outcomes(*server) == Counts{{"completed", 2}});
}

TEST_CASE("a new key is shown to new connections, and those that are there go on") {
  Enrolment machines;
  const Identity next = load_identity(PrivateFolder(machines.folder / "next"));
  machines.enrol(machines.db1.pin, "db1");
  std::atomic<bool> has_changed = false;
  const auto old_context = std::make_shared<const TlsContext>(TlsContext::server(machines.own));
  const auto new_context = std::make_shared<const TlsContext>(TlsContext::server(next));
  machines.options.uses_tls = true;
  machines.hooks.tls = [&] { return has_changed ? new_context : old_context; };
  const auto server = machines.serve();
  Connected before(machines, machines.db1, machines.own.pin);
  before.fetch();
  has_changed = true;
  Connected behind(machines, machines.db1, next.pin);
  behind.fetch();
  before.fetch();
  CHECK_THROWS_AS(Connected(machines, machines.db1, machines.own.pin), UntrustedKeyError);
  CHECK(before.finish().empty());
  CHECK(behind.finish().empty());
  CHECK(machines.outcomes(*server) == Counts{{"completed", 2}, {"handshake_failed", 1}});
}
