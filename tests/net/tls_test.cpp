#include "net/tls.h"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <csignal>
#include <future>
#include <thread>
#include <utility>

#include "net/socket.h"
#include "support/catch.h"
#include "support/temporary_folder.h"

using namespace topnet::net;
using topnet::proc::UniqueFd;
using topnet::test::TemporaryFolder;
using namespace std::chrono_literals;

namespace {

Deadline soon() { return std::chrono::steady_clock::now() + 20s; }

// Two ends of one connection.
std::pair<UniqueFd, UniqueFd> connected_pair() {
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::string read_text(Stream& stream) {
  std::array<std::byte, 100> buffer{};
  const std::size_t count = stream.read_some(buffer, soon());
  return {reinterpret_cast<const char*>(buffer.data()), count};
}

// What an action in another thread ended with: empty, or the text of its exception.
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

struct Machines {
  // As in the program: OpenSSL writes without MSG_NOSIGNAL.
  Machines() { std::signal(SIGPIPE, SIG_IGN); }

  TemporaryFolder folder;
  Identity server = load_identity(PrivateFolder(folder / "server"));
  Identity client = load_identity(PrivateFolder(folder / "client"));
};

}  // namespace

TEST_CASE(
    "C3, C4: both ends see the other's pin, the protocol's name, the bytes and the clean end") {
  const Machines machines;
  auto [near, far] = connected_pair();
  const TlsContext server_context = TlsContext::server(machines.server);
  std::optional<Pin> seen_by_server;
  const int socket = far.raw();
  auto server = start([&, socket] {
    TlsStream stream(server_context, socket, soon());
    seen_by_server = stream.peer_pin();
    if (!stream.has_alpn()) throw HandshakeError("no ALPN");
    if (read_text(stream) != "question") throw HandshakeError("another question");
    stream.write_all(bytes_of("answer"), soon());
    stream.finish_writing(soon());
    if (!read_text(stream).empty()) throw HandshakeError("no end");
  });
  const TlsContext client_context = TlsContext::client(machines.client, {machines.server.pin});
  TlsStream client(client_context, near.raw(), soon());
  client.write_all(bytes_of("question"), soon());
  CHECK(read_text(client) == "answer");
  CHECK(read_text(client).empty());
  client.finish_writing(soon());
  CHECK(server.get().empty());
  CHECK(seen_by_server == machines.client.pin);
  CHECK(client.peer_pin() == machines.server.pin);
}

TEST_CASE("C5: a server with another key is refused inside the handshake, and its pin is told") {
  const Machines machines;
  auto [near, far] = connected_pair();
  const TlsContext server_context = TlsContext::server(machines.server);
  const int socket = far.raw();
  auto server = start([&, socket] {
    TlsStream stream(server_context, socket, soon());
    read_text(stream);
  });
  const TlsContext context = TlsContext::client(machines.client, {machines.client.pin});
  Pin seen;
  try {
    const TlsStream client(context, near.raw(), soon());
  } catch (const UntrustedKeyError& error) {
    seen = error.seen();
  }
  CHECK(seen == machines.server.pin);
  near.reset();
  CHECK_FALSE(server.get().empty());
}

TEST_CASE("a connection that is cut is not taken for a clean end") {
  const Machines machines;
  auto [near, far] = connected_pair();
  const TlsContext server_context = TlsContext::server(machines.server);
  auto server = start([&, end = std::make_shared<UniqueFd>(std::move(far))] {
    TlsStream stream(server_context, end->raw(), soon());
    stream.write_all(bytes_of("half"), soon());
    end->reset();
  });
  const TlsContext context = TlsContext::client(machines.client, {machines.server.pin});
  TlsStream client(context, near.raw(), soon());
  CHECK(read_text(client) == "half");
  CHECK_THROWS_AS(read_text(client), ConnectionError);
  CHECK(server.get().empty());
}

TEST_CASE("a peer that speaks something else ends the handshake with a reason") {
  const Machines machines;
  auto [near, far] = connected_pair();
  const TlsContext context = TlsContext::client(machines.client, {machines.server.pin});
  SocketStream(far.raw()).write_all(bytes_of("HTTP/1.1 400 Bad Request\r\n\r\n"), soon());
  CHECK_THROWS_AS(TlsStream(context, near.raw(), soon()), HandshakeError);
}

TEST_CASE("a silent peer costs no more than the deadline") {
  const Machines machines;
  auto [near, far] = connected_pair();
  const TlsContext context = TlsContext::client(machines.client, {machines.server.pin});
  const auto past = std::chrono::steady_clock::now();
  CHECK_THROWS_AS(TlsStream(context, near.raw(), past), TimeoutError);
  std::array<std::byte, 1> buffer{};
  CHECK_THROWS_AS(SocketStream(near.raw()).read_some(buffer, past), TimeoutError);
}

namespace {

// A client that shakes hands and then sends one update of its keys after the other, which TLS
// allows, until it is told to end or cannot.
void flood_with_key_updates(int socket, const std::atomic<bool>& is_to_end) {
  ::fcntl(socket, F_SETFL, 0);  // it waits for room
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                  &SSL_CTX_free);
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), &SSL_free);
  SSL_set_fd(ssl.get(), socket);
  const Deadline end = soon();
  bool is_good = SSL_connect(ssl.get()) == 1;
  while (is_good && !is_to_end && std::chrono::steady_clock::now() < end) {
    is_good = SSL_key_update(ssl.get(), SSL_KEY_UPDATE_NOT_REQUESTED) == 1 &&
              SSL_do_handshake(ssl.get()) == 1;
  }
}

}  // namespace

TEST_CASE("D6: records that carry nothing keep no read beyond its deadline") {
  const Machines machines;
  auto [ours, theirs] = connected_pair();
  const TlsContext context = TlsContext::server(machines.server);
  std::atomic<bool> is_to_end = false;
  auto flood = start([&, socket = theirs.raw()] { flood_with_key_updates(socket, is_to_end); });
  {
    TlsStream stream(context, ours.raw(), soon());
    std::array<std::byte, 1> buffer{};
    CHECK_THROWS_AS(stream.read_some(buffer, std::chrono::steady_clock::now() + 200ms),
                    TimeoutError);
  }
  is_to_end = true;
  ours.reset();
  CHECK(flood.get().empty());
}
