#include "net/server/server.h"

#include <new>

#include "net/socket.h"
#include "support/catch.h"
#include "support/session_fixture.h"
#include "support/test_server.h"

using namespace topnet::base;
using namespace topnet::net;
using namespace topnet::test;
using namespace std::chrono_literals;

TEST_CASE("Server: D1: disconnects a client without a handshake and sends nothing", "[server]") {
  TestServer fixture;
  CHECK(fixture.options.handshake_limit == 5s);
  fixture.options.handshake_limit = 20ms;
  const auto server = fixture.serve_tls();
  const UniqueFd socket = fixture.connect();
  SocketStream stream(socket.raw());
  CHECK(read_all(stream).empty());
  CHECK(fixture.outcomes(*server) == Counts{{"timed_out", 1}});
}

TEST_CASE("Server: D1, D5: single bytes do not extend the deadline of the handshake", "[server]") {
  TestServer fixture;
  fixture.options.handshake_limit = 20ms;
  const auto server = fixture.serve_tls();
  const UniqueFd socket = fixture.connect();
  SocketStream stream(socket.raw());
  const Deadline give_up = soon();
  bool has_ended = false;
  // The header of a TLS record of 16 KiB, then its contents until the server disconnects.
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
  CHECK(fixture.outcomes(*server) == Counts{{"timed_out", 1}});
}

TEST_CASE("Server: D2, D3, D6, E4: refuses a client that sends no request or no TOP in time",
          "[server]") {
  for (const std::string& input : {std::string(), request_frame()}) {
    TestServer fixture;
    fixture.options.limits.request = 200ms;
    fixture.options.limits.exchange = 200ms;
    const auto server = fixture.serve();
    const UniqueFd socket = fixture.connect();
    SocketStream stream(socket.raw());
    send(stream, input);
    CHECK(refused(stream) == RefusalCode::Timeout);
    CHECK(fixture.outcomes(*server) == Counts{{"timed_out", 1}});
  }
}

TEST_CASE("Server: every connection has exactly one outcome", "[server]") {
  TestServer fixture;
  const Identity unknown = load_identity(StateDirectory(fixture.folder / "unknown"));
  const auto server = fixture.serve_tls();
  {
    const UniqueFd socket = fixture.connect();
    SocketStream stream(socket.raw());
    stream.finish_writing(soon());
    read_all(stream);  // an alert
  }
  const auto with = [&](const Identity& identity, const std::string& input) {
    const UniqueFd socket = fixture.connect();
    const TlsContext context = TlsContext::client(identity, {fixture.own.pin});
    TlsStream stream(context, socket.raw(), soon());
    send(stream, input);
    stream.finish_writing(soon());
    return frames_of(read_all(stream));
  };
  CHECK(with(fixture.own, request_frame() + top_frame()).size() == 3);
  CHECK(with(fixture.own, request_frame()).size() == 2);
  CHECK(with(fixture.own, top_frame()).size() == 1);
  CHECK(with(unknown, request_frame()).size() == 1);
  CHECK(fixture.outcomes(*server) == Counts{{"completed", 1},
                                            {"handshake_failed", 1},
                                            {"peer_gone", 1},
                                            {"protocol_error", 1},
                                            {"refused_auth", 1}});
}

TEST_CASE("Server: a failed handshake is reported with its peer and the reason", "[server]") {
  TestServer fixture;
  std::string failure;
  fixture.hooks.handshake_failed = [&](const std::string& peer, const std::string& why) {
    failure = peer.substr(0, peer.rfind(':')) + ": " + why;
  };
  const auto server = fixture.serve_tls();
  const UniqueFd socket = fixture.connect();
  SocketStream stream(socket.raw());
  send(stream, "GET / HTTP/1.1\r\n\r\n");
  stream.finish_writing(soon());
  read_all(stream);  // an alert
  CHECK(fixture.outcomes(*server) == Counts{{"handshake_failed", 1}});
  CHECK(failure == "127.0.0.1: the client spoke HTTP, not TLS");
}

TEST_CASE("Server: an exception ends its connection as internal_error, and no other", "[server]") {
  TestServer fixture;
  fixture.options.uses_tls = true;
  fixture.hooks.tls = []() -> std::shared_ptr<const TlsContext> { throw std::bad_alloc(); };
  const auto server = fixture.serve();
  for (int i = 0; i < 2; ++i) {
    const UniqueFd socket = fixture.connect();
    SocketStream stream(socket.raw());
    CHECK(read_all(stream).empty());
  }
  CHECK(fixture.outcomes(*server) == Counts{{"internal_error", 2}});
}

TEST_CASE("Server: X9: a refusal arrives even if the client continues to send", "[server]") {
  TestServer fixture;
  const auto server = fixture.serve();
  for (int i = 0; i < 50; ++i) {
    const UniqueFd socket = fixture.connect();
    SocketStream stream(socket.raw());
    send(stream, top_frame() + std::string(100000, 'x'));
    CHECK(refused(stream) == RefusalCode::Protocol);
  }
  CHECK(fixture.outcomes(*server) == Counts{{"protocol_error", 50}});
}

TEST_CASE("Server: E2: refuses a client without a free slot and serves the others", "[server]") {
  TestServer fixture;
  fixture.options.max_clients = 1;
  const auto server = fixture.serve();
  const UniqueFd socket = fixture.connect();
  SocketStream stream(socket.raw());
  send(stream, request_frame());
  // The first byte shows that the client is being served.
  wait_until_ready(socket.raw(), Readiness::Read, soon());
  const UniqueFd other = fixture.connect();
  SocketStream other_stream(other.raw());
  CHECK(refused(other_stream) == RefusalCode::Busy);
  send(stream, top_frame());
  stream.finish_writing(soon());
  CHECK(frames_of(read_all(stream)).back().type == FrameType::Ack);
  CHECK(fixture.outcomes(*server) == Counts{{"completed", 1}, {"refused_busy", 1}});
}

TEST_CASE("Server: a shutdown lets an exchange end unless all clients are disconnected",
          "[server]") {
  TestServer fixture;
  auto server = fixture.serve();
  const UniqueFd socket = fixture.connect();
  SocketStream stream(socket.raw());
  send(stream, request_frame());
  wait_until_ready(socket.raw(), Readiness::Read, soon());
  server->shut_down(0ms);
  CHECK(fixture.connections.snapshot().active() == 1);
  send(stream, top_frame());
  CHECK(refused(stream) == RefusalCode::ShuttingDown);
  CHECK(fixture.outcomes(*server) == Counts{{"completed", 1}});

  server = fixture.serve();
  const UniqueFd cut = fixture.connect();
  SocketStream cut_stream(cut.raw());
  send(cut_stream, request_frame());
  wait_until_ready(cut.raw(), Readiness::Read, soon());
  server->disconnect_all();
  CHECK(fixture.outcomes(*server) == Counts{{"completed", 1}, {"peer_gone", 1}});
}
