#include "net/connect.h"

#include <sys/eventfd.h>
#include <sys/socket.h>

#include "net/socket.h"
#include "support/catch.h"

using namespace topnet::base;
using namespace topnet::net;
using namespace std::chrono_literals;

namespace {

using Clock = std::chrono::steady_clock;

Deadline connect_deadline() { return Clock::now() + 20s; }

sockaddr_storage numeric(const char* host, std::uint16_t port = 9) {
  return to_socket_address({host, port}).value();
}

// An address at which connections are accepted.
struct Listening {
  UniqueFd socket = listen_on(numeric("127.0.0.1", 0));
  sockaddr_storage address = local_address(socket.raw());
};

// An address that does not answer: the queue of connections is full, so the kernel drops others.
struct Silent : Listening {
  Silent() {
    ::listen(socket.raw(), 0);
    first = connect_to({address}, connect_deadline());
  }
  UniqueFd first;
};

sockaddr_storage refusing() { return Listening().address; }

std::string name(const sockaddr_storage& address) { return to_string(to_host_port(address)); }

}  // namespace

TEST_CASE("Connect: an address that does not answer does not stop the others", "[connect]") {
  const Silent silent;
  const Listening listening;
  const UniqueFd socket = connect_to(
      {silent.address, silent.address, refusing(), listening.address}, connect_deadline());
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  REQUIRE(::getpeername(socket.raw(), reinterpret_cast<sockaddr*>(&peer), &size) == 0);
  CHECK(name(peer) == name(listening.address));
}

TEST_CASE("Connect: the deadline ends attempts, and the error names the address", "[connect]") {
  const Silent silent;
  CHECK_THROWS_AS(connect_to({silent.address}, Clock::now() + 50ms), TimeoutError);
  CHECK_THROWS_WITH(connect_to({numeric("fe80::1"), silent.address}, Clock::now() + 50ms),
                    Catch::Contains("timed out connecting to " + name(silent.address)));
}

TEST_CASE("Connect: the error is that of the most telling attempt", "[connect]") {
  const sockaddr_storage closed = refusing();
  const sockaddr_storage without_zone = numeric("fe80::1");
  sockaddr_storage unknown_family{};
  unknown_family.ss_family = AF_MAX;
  const auto expected = Catch::Contains(name(closed) + ": Connection refused");
  CHECK_THROWS_WITH(connect_to({without_zone, unknown_family, closed}, connect_deadline()),
                    expected);
  CHECK_THROWS_WITH(connect_to({closed, unknown_family, without_zone}, connect_deadline()),
                    expected);
  CHECK_THROWS_WITH(connect_to({without_zone}, connect_deadline()),
                    Catch::Contains("needs its interface"));
  const Silent silent;
  CHECK_THROWS_WITH(connect_to({closed, silent.address}, Clock::now() + 1s), expected);
  CHECK_THROWS_AS(connect_to({}, connect_deadline()), ConnectionError);
}

TEST_CASE("Connect: families alternate, beginning with that of the first address", "[connect]") {
  const auto hosts = [](std::initializer_list<const char*> given) {
    std::vector<sockaddr_storage> addresses;
    for (const char* const host : given) addresses.push_back(numeric(host));
    std::string result;
    for (const sockaddr_storage& each : interleave_families(addresses)) {
      result += to_host_port(each).host + ' ';
    }
    return result;
  };
  CHECK(hosts({"::1", "::2", "::3", "10.0.0.1", "10.0.0.2"}) == "::1 10.0.0.1 ::2 10.0.0.2 ::3 ");
  CHECK(hosts({"10.0.0.1", "10.0.0.2", "::1"}) == "10.0.0.1 ::1 10.0.0.2 ");
  CHECK(hosts({}).empty());
}

TEST_CASE("Connect: a cancel descriptor ends the look-up and the attempts", "[connect]") {
  const UniqueFd cancel(::eventfd(1, EFD_CLOEXEC));
  const Silent silent;
  CHECK_THROWS_AS(connect_to({silent.address}, connect_deadline(), cancel.raw()), CancelledError);
  CHECK_THROWS_AS(resolve({"name.invalid", 9}, connect_deadline(), cancel.raw()), CancelledError);
}

TEST_CASE("Connect: an address that the caller does not permit is not tried", "[connect]") {
  struct Refused {};
  const Listening listening;
  CHECK_THROWS_AS(connect_to_host(to_host_port(listening.address),
                                  {.deadline = connect_deadline(),
                                   .check = [](const sockaddr_storage&) { throw Refused(); }}),
                  Refused);
  CHECK_NOTHROW(connect_to_host(to_host_port(listening.address), {.deadline = connect_deadline()}));
}
