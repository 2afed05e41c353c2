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

Deadline soon() { return Clock::now() + 20s; }

void send(int socket, std::string_view bytes) {
  SocketStream(socket).write_all(std::as_bytes(std::span(bytes)), soon());
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

TEST_CASE("Socket: a peer is silent until its first TLS record is complete", "[socket]") {
  const UniqueFd listener = listen_on_any_port();
  const UniqueFd client = connect_to({local_address(listener.raw())}, soon());
  const UniqueFd accepted(::accept(listener.raw(), nullptr, nullptr));
  std::this_thread::sleep_for(50ms);
  const auto is_silent = [&] { return silent_since(accepted.raw()) <= Clock::now() - 40ms; };
  CHECK(is_silent());
  send(client.raw(), {"\x16\x03\x01\x00\x02\x01", 6});
  wait_until_ready(accepted.raw(), Readiness::Read, soon());
  CHECK(is_silent());
  send(client.raw(), {"\x00", 1});
  const Deadline give_up = soon();
  while (is_silent() && Clock::now() < give_up) std::this_thread::yield();
  CHECK_FALSE(is_silent());
}
