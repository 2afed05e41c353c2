#include "net/socket.h"

#include <string_view>
#include <thread>

#include "support/catch.h"

using namespace topnet::net;
using namespace std::chrono_literals;
using topnet::proc::UniqueFd;

namespace {

using Clock = std::chrono::steady_clock;

Deadline soon() { return Clock::now() + 20s; }

void send(int socket, std::string_view bytes) {
  SocketStream(socket).write_all(std::as_bytes(std::span(bytes)), soon());
}

}  // namespace

TEST_CASE("Socket: a peer is silent until its first TLS record is complete", "[socket]") {
  const UniqueFd listener = listen_on(resolve({"127.0.0.1", 0}, Purpose::Listening).front());
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
