// Connects to a host: looks up its name, then tries its addresses side by side (RFC 8305), all
// under one deadline. Calls share no state, so any number of threads can connect at the same time.
#pragma once

#include <sys/socket.h>

#include <functional>
#include <vector>

#include "base/unique_fd.h"
#include "net/address.h"
#include "net/resolver.h"
#include "net/stream.h"

namespace topnet::net {

struct ConnectOptions {
  Deadline deadline;
  int cancel = -1;  // a descriptor that ends the call when it becomes readable; -1: none
  // Called with every address before the first attempt. May throw to prevent all attempts.
  std::function<void(const sockaddr_storage& address)> check = [](const sockaddr_storage&) {};
};

// Attempts start 250 ms apart, or as soon as an earlier one has failed. The first that completes is
// returned. Throws what resolve() throws; ConnectionError has the most telling failure of all
// attempts, with the address.
base::UniqueFd connect_to_host(const HostPort& host, const ConnectOptions& options);

// Alternates between the families, beginning with that of the first address, and else keeps the
// order (RFC 8305, section 4).
std::vector<sockaddr_storage> interleave_families(const std::vector<sockaddr_storage>& addresses);

// Without a look-up.
base::UniqueFd connect_to(const std::vector<sockaddr_storage>& addresses, Deadline deadline,
                          int cancel = -1);

}  // namespace topnet::net
