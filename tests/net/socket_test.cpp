#include "net/socket.h"

#include <string_view>
#include <thread>

#include "net/connect.h"
#include "support/catch.h"

using namespace topnet::base;
using namespace topnet::net;
using namespace std::chrono_literals;

namespace {

using Clock = std::chrono::steady_clock;

Deadline socket_deadline() { return Clock::now() + 20s; }

void send(int socket, std::string_view bytes) {
  SocketStream(socket).write_all(std::as_bytes(std::span(bytes)), socket_deadline());
}

UniqueFd listen_on_any_port() { return listen_on(*to_socket_address({"127.0.0.1", 0})); }

}  // namespace

TEST_CASE("Socket: port 0 selects a free port, and a port in use is named in the error",
          "[socket]") {
  const UniqueFd listener = listen_on_any_port();
  const auto address = local_address(listener.raw());
  CHECK(to_host_port(address).port != 0);
  CHECK_THROWS_WITH(listen_on(address),
                    Catch::Contains(to_string(to_host_port(address)) + ": Address already in use"));
}

TEST_CASE("Socket: a handshake record counts once it is complete", "[socket]") {
  const UniqueFd listener = listen_on_any_port();
  const UniqueFd client = connect_to({local_address(listener.raw())}, socket_deadline());
  const UniqueFd accepted(::accept(listener.raw(), nullptr, nullptr));
  CHECK_FALSE(has_handshake_record(accepted.raw()));
  send(client.raw(), {"\x16\x03\x01\x00\x02\x01", 6});
  wait_until_ready(accepted.raw(), Readiness::Read, socket_deadline());
  CHECK_FALSE(has_handshake_record(accepted.raw()));
  send(client.raw(), {"\x00", 1});
  const Deadline give_up = socket_deadline();
  while (!has_handshake_record(accepted.raw()) && Clock::now() < give_up) std::this_thread::yield();
  CHECK(has_handshake_record(accepted.raw()));
}

TEST_CASE("Socket: a deferred connection is accepted when its peer has sent something",
          "[socket]") {
  const UniqueFd listener = listen_on_any_port();
  defer_accept(listener.raw(), 60s);
  const UniqueFd silent = connect_to({local_address(listener.raw())}, socket_deadline());
  const UniqueFd client = connect_to({local_address(listener.raw())}, socket_deadline());
  send(client.raw(), "x");
  wait_until_ready(listener.raw(), Readiness::Read, socket_deadline());
  const UniqueFd accepted(::accept(listener.raw(), nullptr, nullptr));
  wait_until_ready(accepted.raw(), Readiness::Read, socket_deadline());
  CHECK(::accept(listener.raw(), nullptr, nullptr) == -1);  // the silent one waits in the kernel
}
