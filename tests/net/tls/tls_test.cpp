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

Deadline tls_deadline() { return std::chrono::steady_clock::now() + 20s; }

std::pair<UniqueFd, UniqueFd> socket_pair_without_wait() {
  std::array<int, 2> raw{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, raw.data()) == 0);
  return {UniqueFd(raw[0]), UniqueFd(raw[1])};
}

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::string read_text(Stream& stream) {
  std::array<std::byte, 100> buffer{};
  const std::size_t count = stream.read_some(buffer, tls_deadline());
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

struct TlsFixture {
  TlsFixture() {
    std::tie(client_socket, server_socket) = socket_pair_without_wait();
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
  TlsFixture fixture;
  std::optional<Pin> seen_by_server;
  auto server = start([&] {
    TlsStream stream(fixture.server_context, fixture.server_socket.raw(), tls_deadline());
    seen_by_server = stream.peer_pin();
    if (!stream.has_alpn()) throw HandshakeError("no ALPN");
    if (read_text(stream) != "question") throw HandshakeError("another question");
    stream.write_all(bytes_of("answer"), tls_deadline());
    stream.finish_writing(tls_deadline());
    if (!read_text(stream).empty()) throw HandshakeError("no end");
  });
  TlsStream client(fixture.client_context, fixture.client_socket.raw(), tls_deadline());
  client.write_all(bytes_of("question"), tls_deadline());
  CHECK(read_text(client) == "answer");
  CHECK(read_text(client).empty());
  client.finish_writing(tls_deadline());
  CHECK(server.get().empty());
  CHECK(seen_by_server == fixture.client.pin);
  CHECK(client.peer_pin() == fixture.server.pin);
}

TEST_CASE("TlsStream: C5: an untrusted server fails the handshake with its pin", "[tls_stream]") {
  TlsFixture fixture;
  auto server = start([&] {
    TlsStream stream(fixture.server_context, fixture.server_socket.raw(), tls_deadline());
    read_text(stream);
  });
  const TlsContext context = TlsContext::client(fixture.client, {fixture.client.pin});
  Pin seen;
  try {
    const TlsStream client(context, fixture.client_socket.raw(), tls_deadline());
  } catch (const UntrustedKeyError& error) {
    seen = error.seen();
  }
  CHECK(seen == fixture.server.pin);
  CHECK(server.get() == "the client does not trust this server's key");
}

TEST_CASE("TlsStream: a server says what a client without a handshake did", "[tls_stream]") {
  const auto failure_of = [](const TlsContext& context, TlsFixture& fixture,
                             const std::string& sent) {
    auto server = start(
        [&] { const TlsStream stream(context, fixture.server_socket.raw(), tls_deadline()); });
    SocketStream client(fixture.client_socket.raw());
    client.write_all(bytes_of(sent), tls_deadline());
    client.finish_writing(tls_deadline());
    return server.get();
  };
  const std::string http = "GET / HTTP/1.1\r\n\r\n";
  TlsFixture first;
  CHECK(failure_of(first.server_context, first, http) == "the client spoke HTTP, not TLS");
  TlsFixture second;
  CHECK(failure_of(TlsContext::web_server(second.server), second, http) ==
        "the client spoke HTTP, not TLS; use https://");
  TlsFixture third;
  CHECK(failure_of(third.server_context, third, "no TLS at all") == "the client spoke no TLS");
  TlsFixture fourth;
  CHECK(failure_of(fourth.server_context, fourth, "") == "the client closed the connection");
}

TEST_CASE("TlsStream: X12: a FIN without close_notify is an error, not a clean end",
          "[tls_stream]") {
  TlsFixture fixture;
  auto server = start([&] {
    TlsStream stream(fixture.server_context, fixture.server_socket.raw(), tls_deadline());
    stream.write_all(bytes_of("half"), tls_deadline());
    fixture.server_socket.reset();
  });
  TlsStream client(fixture.client_context, fixture.client_socket.raw(), tls_deadline());
  CHECK(read_text(client) == "half");
  CHECK_THROWS_AS(read_text(client), ConnectionError);
  CHECK(server.get().empty());
}

namespace {

// A server that picks `protocol` (none if it is empty) without regard to what the client offers. It
// asks for a certificate if `asks`, and then accepts none. Returns whether it has seen one.
bool serve_with_openssl(const TlsFixture& fixture, std::string protocol, bool asks) {
  ::fcntl(fixture.server_socket.raw(), F_SETFL, 0);  // blocking
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_server_method()),
                                                                  &SSL_CTX_free);
  const auto file = [&](const char* name) { return (fixture.folder / "server" / name).native(); };
  SSL_CTX_use_certificate_file(context.get(), file("identity.crt").c_str(), SSL_FILETYPE_PEM);
  SSL_CTX_use_PrivateKey_file(context.get(), file("identity.key").c_str(), SSL_FILETYPE_PEM);
  SSL_CTX_set_alpn_select_cb(
      context.get(),
      [](SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char*,
         unsigned int, void* choice) {
        const auto& text = *static_cast<const std::string*>(choice);
        *chosen = reinterpret_cast<const unsigned char*>(text.data());
        *size = static_cast<unsigned char>(text.size());
        return text.empty() ? SSL_TLSEXT_ERR_NOACK : SSL_TLSEXT_ERR_OK;
      },
      &protocol);
  bool has_seen = false;
  if (asks) SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(
      context.get(),
      [](X509_STORE_CTX*, void* seen) {
        *static_cast<bool*>(seen) = true;
        return 0;
      },
      &has_seen);
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), &SSL_free);
  SSL_set_fd(ssl.get(), fixture.server_socket.raw());
  SSL_accept(ssl.get());
  return has_seen;
}

}  // namespace

TEST_CASE("TlsStream: C9, C11: a client sees whether a server has picked topnet/1",
          "[tls_stream]") {
  for (const std::string& protocol : {std::string("topnet/1"), std::string("topnet/"),
                                      std::string("topnet/2"), std::string("h2"), std::string()}) {
    CAPTURE(protocol);
    TlsFixture fixture;
    auto server = start([&] { serve_with_openssl(fixture, protocol, false); });
    bool has_alpn = false;
    try {
      const TlsStream client(fixture.client_context, fixture.client_socket.raw(), tls_deadline());
      has_alpn = client.has_alpn();
    } catch (const HandshakeError&) {
      CHECK_FALSE(protocol.empty());  // newer versions of OpenSSL check what the server picks
    }
    CHECK(has_alpn == (protocol == "topnet/1"));
    fixture.client_socket.reset();
    CHECK(server.get().empty());
  }
}

TEST_CASE("TlsStream: C5: a client shows its certificate to a trusted server only",
          "[tls_stream]") {
  for (const bool is_trusted : {true, false}) {
    TlsFixture fixture;
    bool has_seen = false;
    auto server = start([&] { has_seen = serve_with_openssl(fixture, kAlpn, true); });
    const TlsContext context =
        TlsContext::client(fixture.client, {is_trusted ? fixture.server.pin : fixture.client.pin});
    try {
      const TlsStream client(context, fixture.client_socket.raw(), tls_deadline());
    } catch (const UntrustedKeyError&) {
      CHECK_FALSE(is_trusted);
    }
    fixture.client_socket.reset();
    CHECK(server.get().empty());
    CHECK(has_seen == is_trusted);
  }
}

TEST_CASE("TlsStream: C11: a chain of certificates has a limit on both sides", "[tls_stream]") {
  for (const bool is_long : {false, true}) {
    for (const bool of_client : {false, true}) {
      CAPTURE(is_long, of_client);
      TlsFixture fixture;
      Identity& owner = of_client ? fixture.client : fixture.server;
      // Each certificate has at least 256 bytes.
      const std::string one = owner.certificate_pem;
      const std::size_t size = one.size() * 3 / 4;  // of one in DER, at most
      const std::size_t count = is_long ? 102400 / 256 : 102400 / (size + 5);
      for (std::size_t i = 1; i < count; ++i) owner.certificate_pem += one;
      const TlsContext server_context = TlsContext::server(fixture.server);
      const TlsContext client_context = TlsContext::client(fixture.client, {fixture.server.pin});
      auto server = start([&] {
        TlsStream stream(server_context, fixture.server_socket.raw(), tls_deadline());
        if (read_text(stream) != "question") throw HandshakeError("another question");
      });
      auto client = start([&] {
        TlsStream stream(client_context, fixture.client_socket.raw(), tls_deadline());
        stream.write_all(bytes_of("question"), tls_deadline());
      });
      const std::string error = client.get();
      fixture.client_socket.reset();
      CHECK((server.get().empty() && error.empty()) == !is_long);
    }
  }
}

TEST_CASE("TlsStream: the handshake fails if the peer does not speak TLS", "[tls_stream]") {
  TlsFixture fixture;
  SocketStream(fixture.server_socket.raw())
      .write_all(bytes_of("HTTP/1.1 400 Bad Request\r\n\r\n"), tls_deadline());
  CHECK_THROWS_AS(TlsStream(fixture.client_context, fixture.client_socket.raw(), tls_deadline()),
                  HandshakeError);
}

TEST_CASE("TlsStream: handshake and reads end at the deadline if the peer is silent",
          "[tls_stream]") {
  TlsFixture fixture;
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
  const Deadline end = tls_deadline();
  bool is_open = SSL_connect(ssl.get()) == 1;
  while (is_open && !is_stopping && std::chrono::steady_clock::now() < end) {
    is_open = SSL_key_update(ssl.get(), SSL_KEY_UPDATE_NOT_REQUESTED) == 1 &&
              SSL_do_handshake(ssl.get()) == 1;
  }
}

}  // namespace

TEST_CASE("TlsStream: D6: records without data do not extend the deadline of a read",
          "[tls_stream]") {
  TlsFixture fixture;
  std::atomic<bool> is_stopping = false;
  auto flood = start([&] { flood_with_key_updates(fixture.client_socket.raw(), is_stopping); });
  {
    TlsStream stream(fixture.server_context, fixture.server_socket.raw(), tls_deadline());
    std::array<std::byte, 1> buffer{};
    CHECK_THROWS_AS(stream.read_some(buffer, std::chrono::steady_clock::now() + 200ms),
                    TimeoutError);
  }
  is_stopping = true;
  fixture.server_socket.reset();
  CHECK(flood.get().empty());
}
