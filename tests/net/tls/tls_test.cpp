#include "net/tls/tls.h"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <csignal>
#include <future>
#include <tuple>
#include <utility>

#include "net/socket.h"
#include "support/catch.h"
#include "support/temporary_folder.h"

using namespace topnet::base;
using namespace topnet::net;
using topnet::test::TemporaryFolder;
using namespace std::chrono_literals;

namespace {

Deadline soon() { return std::chrono::steady_clock::now() + 20s; }

std::pair<UniqueFd, UniqueFd> connected_pair() {
  std::array<int, 2> raw{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, raw.data()) == 0);
  return {UniqueFd(raw[0]), UniqueFd(raw[1])};
}

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::string read_text(Stream& stream) {
  std::array<std::byte, 100> buffer{};
  const std::size_t count = stream.read_some(buffer, soon());
  return {reinterpret_cast<const char*>(buffer.data()), count};
}

// Runs `action` in another thread. The result is empty, or the text of an exception.
template <typename Action>
std::future<std::string> start(Action action) {
  return std::async(std::launch::async, [action]() -> std::string {
    try {
      action();
      return "";
    } catch (const std::exception& error) {
      return error.what();
    }
  });
}

struct Fixture {
  Fixture() {
    std::tie(client_socket, server_socket) = connected_pair();
    // As in the program, since OpenSSL writes without MSG_NOSIGNAL.
    std::signal(SIGPIPE, SIG_IGN);
  }

  TemporaryFolder folder;
  Identity server = load_identity(StateDirectory(folder / "server"));
  Identity client = load_identity(StateDirectory(folder / "client"));
  TlsContext server_context = TlsContext::server(server);
  TlsContext client_context = TlsContext::client(client, {server.pin});
  UniqueFd client_socket;
  UniqueFd server_socket;
};

}  // namespace

TEST_CASE("TlsStream: C3, C4: both sides get the peer's pin, ALPN, all bytes and the clean end",
          "[tls_stream]") {
  Fixture fixture;
  std::optional<Pin> seen_by_server;
  auto server = start([&] {
    TlsStream stream(fixture.server_context, fixture.server_socket.raw(), soon());
    seen_by_server = stream.peer_pin();
    if (!stream.has_alpn()) throw HandshakeError("no ALPN");
    if (read_text(stream) != "question") throw HandshakeError("another question");
    stream.write_all(bytes_of("answer"), soon());
    stream.finish_writing(soon());
    if (!read_text(stream).empty()) throw HandshakeError("no end");
  });
  TlsStream client(fixture.client_context, fixture.client_socket.raw(), soon());
  client.write_all(bytes_of("question"), soon());
  CHECK(read_text(client) == "answer");
  CHECK(read_text(client).empty());
  client.finish_writing(soon());
  CHECK(server.get().empty());
  CHECK(seen_by_server == fixture.client.pin);
  CHECK(client.peer_pin() == fixture.server.pin);
}

TEST_CASE("TlsStream: C5: an untrusted server fails the handshake with its pin", "[tls_stream]") {
  Fixture fixture;
  auto server = start([&] {
    TlsStream stream(fixture.server_context, fixture.server_socket.raw(), soon());
    read_text(stream);
  });
  const TlsContext context = TlsContext::client(fixture.client, {fixture.client.pin});
  Pin seen;
  try {
    const TlsStream client(context, fixture.client_socket.raw(), soon());
  } catch (const UntrustedKeyError& error) {
    seen = error.seen();
  }
  CHECK(seen == fixture.server.pin);
  fixture.client_socket.reset();
  CHECK_FALSE(server.get().empty());
}

TEST_CASE("TlsStream: a truncated connection is an error, not a clean end", "[tls_stream]") {
  Fixture fixture;
  auto server = start([&] {
    TlsStream stream(fixture.server_context, fixture.server_socket.raw(), soon());
    stream.write_all(bytes_of("half"), soon());
    fixture.server_socket.reset();
  });
  TlsStream client(fixture.client_context, fixture.client_socket.raw(), soon());
  CHECK(read_text(client) == "half");
  CHECK_THROWS_AS(read_text(client), ConnectionError);
  CHECK(server.get().empty());
}

TEST_CASE("TlsStream: the handshake fails if the peer does not speak TLS", "[tls_stream]") {
  Fixture fixture;
  SocketStream(fixture.server_socket.raw())
      .write_all(bytes_of("HTTP/1.1 400 Bad Request\r\n\r\n"), soon());
  CHECK_THROWS_AS(TlsStream(fixture.client_context, fixture.client_socket.raw(), soon()),
                  HandshakeError);
}

TEST_CASE("TlsStream: handshake and reads end at the deadline if the peer is silent",
          "[tls_stream]") {
  Fixture fixture;
  const auto past = std::chrono::steady_clock::now();
  CHECK_THROWS_AS(TlsStream(fixture.client_context, fixture.client_socket.raw(), past),
                  TimeoutError);
  std::array<std::byte, 1> buffer{};
  CHECK_THROWS_AS(SocketStream(fixture.client_socket.raw()).read_some(buffer, past), TimeoutError);
}

namespace {

// A client that performs the handshake and then sends key updates, which TLS allows at any time,
// until `is_stopping` or an error.
void flood_with_key_updates(int socket, const std::atomic<bool>& is_stopping) {
  ::fcntl(socket, F_SETFL, 0);  // blocking
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                  &SSL_CTX_free);
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), &SSL_free);
  SSL_set_fd(ssl.get(), socket);
  const Deadline end = soon();
  bool is_open = SSL_connect(ssl.get()) == 1;
  while (is_open && !is_stopping && std::chrono::steady_clock::now() < end) {
    is_open = SSL_key_update(ssl.get(), SSL_KEY_UPDATE_NOT_REQUESTED) == 1 &&
              SSL_do_handshake(ssl.get()) == 1;
  }
}

}  // namespace

TEST_CASE("TlsStream: D6: records without data do not extend the deadline of a read",
          "[tls_stream]") {
  Fixture fixture;
  std::atomic<bool> is_stopping = false;
  auto flood = start([&] { flood_with_key_updates(fixture.client_socket.raw(), is_stopping); });
  {
    TlsStream stream(fixture.server_context, fixture.server_socket.raw(), soon());
    std::array<std::byte, 1> buffer{};
    CHECK_THROWS_AS(stream.read_some(buffer, std::chrono::steady_clock::now() + 200ms),
                    TimeoutError);
  }
  is_stopping = true;
  fixture.server_socket.reset();
  CHECK(flood.get().empty());
}
