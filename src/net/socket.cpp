#include "net/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <system_error>

namespace topnet::net {
namespace {

constexpr std::chrono::seconds kDrainTimeout{1};
constexpr std::uint8_t kHandshake = 22;  // a record type of TLS

std::string reason(int error) { return std::generic_category().message(error); }

// Rounded up, so that no wait ends before its deadline; never negative.
int milliseconds_until(Deadline deadline) {
  using namespace std::chrono;
  const auto left = ceil<milliseconds>(deadline - steady_clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max()));
}

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

}  // namespace

void poll_until(std::span<pollfd> polled, Deadline deadline) {
  for (;;) {
    if (std::chrono::steady_clock::now() >= deadline) throw TimeoutError("timed out");
    const int ready = ::poll(polled.data(), polled.size(), milliseconds_until(deadline));
    if (ready > 0) return;
    if (ready == 0) throw TimeoutError("timed out");
    if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "could not poll");
  }
}

void wait_until_ready(int descriptor, Readiness readiness, Deadline deadline) {
  pollfd polled{.fd = descriptor, .events = static_cast<short>(readiness), .revents = 0};
  poll_until({&polled, 1}, deadline);
}

int wait_until_readable(int first, int second, Deadline deadline) {
  std::array<pollfd, 2> polled{{{.fd = first, .events = POLLIN, .revents = 0},
                                {.fd = second, .events = POLLIN, .revents = 0}}};
  poll_until(polled, deadline);
  return polled[0].revents != 0 ? first : second;
}

HangUp wait_for_hang_up(int socket, int wake, Deadline end) {
  std::array<pollfd, 2> polled{{{.fd = socket, .events = POLLRDHUP, .revents = 0},
                                {.fd = wake, .events = POLLIN, .revents = 0}}};
  try {
    poll_until(polled, end);
  } catch (const TimeoutError&) {
    return HangUp::None;
  }
  return polled[0].revents != 0 ? HangUp::Socket : HangUp::Wake;
}

base::UniqueFd listen_on(const sockaddr_storage& address, bool is_ipv6_only) {
  const auto require = [&](int result) {
    if (result >= 0) return;
    throw std::system_error(errno, std::generic_category(),
                            "could not listen on " + to_string(to_host_port(address)));
  };
  base::UniqueFd socket(::socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  require(socket.raw());
  const auto set_option = [&](int level, int option, int value) {
    require(::setsockopt(socket.raw(), level, option, &value, sizeof value));
  };
  // Without it, connections in TIME_WAIT would keep a restarted server from the port.
  set_option(SOL_SOCKET, SO_REUSEADDR, 1);
  if (address.ss_family == AF_INET6) set_option(IPPROTO_IPV6, IPV6_V6ONLY, is_ipv6_only ? 1 : 0);
  require(::bind(socket.raw(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
  require(::listen(socket.raw(), SOMAXCONN));
  return socket;
}

sockaddr_storage local_address(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::system_error(errno, std::generic_category(), "could not get a socket's address");
  }
  return address;
}

void defer_accept(int listener, std::chrono::seconds time) {
  const int value = static_cast<int>(time.count());
  ::setsockopt(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, &value, sizeof value);
}

// See RFC 8446, section 5.1.
bool has_handshake_record(int socket) {
  std::array<std::uint8_t, 5> head{};
  const ssize_t count = ::recv(socket, head.data(), head.size(), MSG_PEEK | MSG_DONTWAIT);
  if (count != static_cast<ssize_t>(head.size()) || head[0] != kHandshake) return false;
  const int length = head[3] * 256 + head[4];
  int available = 0;
  return ::ioctl(socket, FIONREAD, &available) == 0 &&
         available >= static_cast<int>(head.size()) + length;
}

std::size_t SocketStream::read_some(std::span<std::byte> buffer, Deadline deadline) {
  for (;;) {
    wait_until_ready(socket_, Readiness::Read, deadline);
    const ssize_t count = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (!would_block(errno) && errno != EINTR) throw ConnectionError(reason(errno));
  }
}

void SocketStream::write_all(std::span<const std::byte> bytes, Deadline deadline) {
  while (!bytes.empty()) {
    wait_until_ready(socket_, Readiness::Write, deadline);
    const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    } else if (!would_block(errno) && errno != EINTR) {
      throw ConnectionError(reason(errno));
    }
  }
}

void SocketStream::finish_writing(Deadline) {
  if (::shutdown(socket_, SHUT_WR) != 0) throw ConnectionError(reason(errno));
}

void close_after_drain(Stream& stream, int socket) {
  const Deadline deadline = std::chrono::steady_clock::now() + kDrainTimeout;
  try {
    stream.finish_writing(deadline);
    std::array<std::byte, 4096> ignored{};
    SocketStream raw(socket);
    while (raw.read_some(ignored, deadline) > 0) continue;
  } catch (const std::exception&) {
    return;  // the peer has reset the connection, or does not close it
  }
}

}  // namespace topnet::net
