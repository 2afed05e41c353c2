// Finds the addresses of a host.
#pragma once

#include <sys/socket.h>

#include <stdexcept>
#include <vector>

#include "net/address.h"
#include "net/stream.h"

namespace topnet::net {

// A wait ended because its cancel descriptor became readable.
class CancelledError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The addresses of `host`, in the order in which to try them (RFC 6724); at least one. `cancel` is
// a descriptor that ends the wait when it becomes readable; -1: none. Throws ConnectionError,
// TimeoutError, CancelledError, and std::system_error without resources for another thread.
//
// A name is looked up in a thread that can outlive the call, because getaddrinfo(3) has no deadline
// and cannot be cancelled. The end of the process does not wait for that thread.
std::vector<sockaddr_storage> resolve(const HostPort& host, Deadline deadline, int cancel = -1);

}  // namespace topnet::net
