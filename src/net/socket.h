// TCP sockets: connecting, listening, accepting, and a plain connection as a Stream.
//
// Every descriptor is non-blocking and closed on exec; waiting is done with poll(2) under a
// deadline. The only file but tls that knows POSIX sockets.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "net/address.h"
#include "net/stream.h"
#include "proc/unique_fd.h"

namespace topnet::net {

enum class Readiness : short { Read = 0x001, Write = 0x004 };  // POLLIN, POLLOUT

// Returns when `descriptor` is ready, broken included. Throws TimeoutError.
void wait_until_ready(int descriptor, Readiness readiness, Deadline deadline);

// Returns whichever of two descriptors has something to read, `first` if both have. Throws
// TimeoutError.
int wait_until_readable(int first, int second, Deadline deadline);

// What came first.
enum class HangUp : std::uint8_t { None, Socket, Wake };

// Returns when the peer of `socket` has ended its side, when `wake` (-1: none) is readable, or at
// `end`, which is None.
HangUp wait_for_hang_up(int socket, int wake, Deadline end);

// Which addresses are meant: those to connect to, names included, or numeric ones to listen on.
enum class Purpose : std::uint8_t { Connecting, Listening };

// The addresses that a host stands for, in the order to try them. Throws ConnectionError where
// there is none.
std::vector<sockaddr_storage> resolve(const HostPort& address, Purpose purpose);

// Connects to the first of them that accepts. Throws ConnectionError and TimeoutError.
proc::UniqueFd connect_to(const std::vector<sockaddr_storage>& addresses, Deadline deadline);

// A socket that accepts connections on `address`. An IPv6 address takes IPv4 too where it is the
// unspecified one. Throws std::system_error, EADDRINUSE among others.
proc::UniqueFd listen_on(const sockaddr_storage& address);

// The address that a socket is bound to: with port 0 asked for, the one that was picked.
sockaddr_storage local_address(int socket);

// Since when the peer of a connection that has just been accepted has not begun to shake hands:
// since it connected, however long it has waited to be accepted. Now, if its first record is there.
Deadline silent_since(int socket);

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

// Says that no more will come, and takes what the peer still sends until it has gone, for a second
// at most: a close with unread input would be a reset, and a reset destroys what the peer has not
// read yet. `socket` is the stream's.
void end_gently(Stream& stream, int socket);

}  // namespace topnet::net
