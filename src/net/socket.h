// TCP sockets: listening, and an unencrypted connection as a Stream.
//
// Every descriptor is non-blocking and closed on exec. Every wait is a poll(2) with a deadline.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <cstddef>
#include <span>

#include "base/unique_fd.h"
#include "net/address.h"
#include "net/stream.h"

namespace topnet::net {

// Returns when at least one descriptor is ready; a negative one is never. Throws TimeoutError after
// the deadline even if one is ready, so that a peer that never stops sending cannot extend it.
void poll_until(std::span<pollfd> polled, Deadline deadline);

enum class Readiness : short { Read = 0x001, Write = 0x004 };  // POLLIN, POLLOUT

// Returns when `descriptor` is ready or broken. Throws TimeoutError.
void wait_until_ready(int descriptor, Readiness readiness, Deadline deadline);

// Returns the descriptor that is readable, `first` if both are. Throws TimeoutError.
int wait_until_readable(int first, int second, Deadline deadline);

enum class HangUp : std::uint8_t { None, Socket, Wake };

// Returns Socket when the peer has shut its side down, Wake when the descriptor `wake` (-1: none)
// is readable, and None at `end`.
HangUp wait_for_hang_up(int socket, int wake, Deadline end);

// A listening socket. The unspecified IPv6 address also accepts IPv4, unless `is_ipv6_only`. Throws
// std::system_error, for example with EADDRINUSE.
base::UniqueFd listen_on(const sockaddr_storage& address, bool is_ipv6_only = false);

// The address that a socket is bound to, with the port that the kernel chose for port 0.
sockaddr_storage local_address(int socket);

// Delays the acceptance of a connection until its peer has sent something, or for about `time`.
// Meanwhile it costs the process nothing. Does nothing if the kernel does not support it.
void defer_accept(int listener, std::chrono::seconds time);

// Whether the peer has sent a complete TLS handshake record.
bool has_handshake_record(int socket);

// TCP without TLS.
class SocketStream : public Stream {
 public:
  explicit SocketStream(int socket) : socket_(socket) {}  // not owned

  std::size_t read_some(std::span<std::byte> buffer, Deadline deadline) override;
  void write_all(std::span<const std::byte> bytes, Deadline deadline) override;
  void finish_writing(Deadline deadline) override;

 private:
  int socket_;
};

// Ends the stream's output, then discards input until the peer closes, for at most one second.
// Closing a socket with unread input sends a reset, which destroys data that the peer has not read
// yet. `socket` is the stream's.
void close_after_drain(Stream& stream, int socket);

}  // namespace topnet::net
