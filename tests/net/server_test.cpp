#include "net/server.h"

#include <new>

#include "net/socket.h"
#include "support/catch.h"
#include "support/machines.h"
#include "support/session_trial.h"

using namespace topnet::net;
using topnet::proc::UniqueFd;
using topnet::test::Counts;
using topnet::test::frames_of;
using topnet::test::Machines;
using topnet::test::read_all;
using topnet::test::refused;
using topnet::test::request_frame;
using topnet::test::send;
using topnet::test::soon;
using topnet::test::top_frame;
using namespace std::chrono_literals;

TEST_CASE("D1: a client that does not shake hands is cut off, and nothing is said to it") {
  Machines machines;
  CHECK(machines.options.handshake_limit == 5s);
  machines.options.handshake_limit = 20ms;
  const auto server = machines.serve_tls();
  const UniqueFd socket = machines.connect();
  SocketStream stream(socket.raw());
  CHECK(read_all(stream).empty());
  CHECK(machines.outcomes(*server) == Counts{{"timed_out", 1}});
}

TEST_CASE("D1, D5: a client that shakes hands byte by byte gains nothing by it") {
  Machines machines;
  machines.options.handshake_limit = 20ms;
  const auto server = machines.serve_tls();
  const UniqueFd socket = machines.connect();
  SocketStream stream(socket.raw());
  const Deadline give_up = soon();
  bool has_ended = false;
  // The header of a TLS record of 16 KiB, and then its contents for as long as anybody listens.
  const std::string header("\x16\x03\x01\x40\x00", 5);
  for (std::size_t sent = 0; !has_ended && std::chrono::steady_clock::now() < give_up; ++sent) {
    try {
      send(stream, sent < header.size() ? header.substr(sent, 1) : std::string(1, '\0'));
      wait_until_ready(socket.raw(), Readiness::Read, std::chrono::steady_clock::now() + 1ms);
      has_ended = true;
    } catch (const TimeoutError&) {
      continue;
    } catch (const ConnectionError&) {
      has_ended = true;
    }
  }
  CHECK(has_ended);
  CHECK(machines.outcomes(*server) == Counts{{"timed_out", 1}});
}

TEST_CASE("D2, D6, E4: a client that sends no request in time is told so") {
  Machines machines;
  machines.options.limits.request = 20ms;
  const auto server = machines.serve();
  const UniqueFd socket = machines.connect();
  SocketStream stream(socket.raw());
  CHECK(refused(stream) == RefusalCode::Timeout);
  CHECK(machines.outcomes(*server) == Counts{{"timed_out", 1}});
}

TEST_CASE("D3, D6, E4: a client that sends no top in time is told so") {
  Machines machines;
  machines.options.limits.exchange = 200ms;
  const auto server = machines.serve();
  const UniqueFd socket = machines.connect();
  SocketStream stream(socket.raw());
  send(stream, request_frame());
  CHECK(refused(stream) == RefusalCode::Timeout);
  CHECK(machines.outcomes(*server) == Counts{{"timed_out", 1}});
}

TEST_CASE("every connection ends in exactly one outcome") {
  Machines machines;
  const Identity stranger = load_identity(PrivateFolder(machines.folder / "stranger"));
  const auto server = machines.serve_tls();
  {
    const UniqueFd socket = machines.connect();
    SocketStream stream(socket.raw());
    stream.finish_writing(soon());
    read_all(stream);  // an alert
  }
  const auto with = [&](const Identity& identity, const std::string& input) {
    const UniqueFd socket = machines.connect();
    const TlsContext context = TlsContext::client(identity, {machines.own.pin});
    TlsStream stream(context, socket.raw(), soon());
    send(stream, input);
    stream.finish_writing(soon());
    return frames_of(read_all(stream));
  };
  CHECK(with(machines.own, request_frame() + top_frame()).size() == 3);
  CHECK(with(machines.own, request_frame()).size() == 2);
  CHECK(with(machines.own, top_frame()).size() == 1);
  CHECK(with(stranger, request_frame()).size() == 1);
  CHECK(machines.outcomes(*server) == Counts{{"completed", 1},
                                             {"handshake_failed", 1},
                                             {"peer_gone", 1},
                                             {"protocol_error", 1},
                                             {"refused_auth", 1}});
}

TEST_CASE("Server: an exception ends its connection as internal_error, and no other", "[server]") {
  Machines machines;
  machines.options.uses_tls = true;
  machines.hooks.tls = []() -> std::shared_ptr<const TlsContext> { throw std::bad_alloc(); };
  const auto server = machines.serve();
  for (int i = 0; i < 2; ++i) {
    const UniqueFd socket = machines.connect();
    SocketStream stream(socket.raw());
    CHECK(read_all(stream).empty());
  }
  CHECK(machines.outcomes(*server) == Counts{{"internal_error", 2}});
}

TEST_CASE("X9: a refusal arrives, whatever the client goes on sending") {
  Machines machines;
  const auto server = machines.serve();
  for (int i = 0; i < 50; ++i) {
    const UniqueFd socket = machines.connect();
    SocketStream stream(socket.raw());
    send(stream, top_frame() + std::string(100000, 'x'));
    CHECK(refused(stream) == RefusalCode::Protocol);
  }
  CHECK(machines.outcomes(*server) == Counts{{"protocol_error", 50}});
}

TEST_CASE("E2: one client too many is told so, and the others are served") {
  Machines machines;
  machines.options.max_clients = 1;
  const auto server = machines.serve();
  const UniqueFd socket = machines.connect();
  SocketStream stream(socket.raw());
  send(stream, request_frame());
  // Its first byte shows that the client is being served.
  wait_until_ready(socket.raw(), Readiness::Read, soon());
  const UniqueFd other = machines.connect();
  SocketStream other_stream(other.raw());
  CHECK(refused(other_stream) == RefusalCode::Busy);
  send(stream, top_frame());
  stream.finish_writing(soon());
  CHECK(frames_of(read_all(stream)).back().type == FrameType::Ack);
  CHECK(machines.outcomes(*server) == Counts{{"completed", 1}, {"refused_busy", 1}});
}

TEST_CASE("a server that shuts down lets an exchange end, and cuts it off when it is told to") {
  Machines machines;
  auto server = machines.serve();
  const UniqueFd socket = machines.connect();
  SocketStream stream(socket.raw());
  send(stream, request_frame());
  wait_until_ready(socket.raw(), Readiness::Read, soon());
  server->shut_down(0ms);
  CHECK(machines.connections.snapshot().active() == 1);
  send(stream, top_frame());
  CHECK(refused(stream) == RefusalCode::ShuttingDown);
  CHECK(machines.outcomes(*server) == Counts{{"completed", 1}});

  server = machines.serve();
  const UniqueFd cut = machines.connect();
  SocketStream cut_stream(cut.raw());
  send(cut_stream, request_frame());
  wait_until_ready(cut.raw(), Readiness::Read, soon());
  server->cut_all();
  CHECK(machines.outcomes(*server) == Counts{{"completed", 1}, {"peer_gone", 1}});
}
