// The sockets that `serve` listens on, as its options say.
#pragma once

#include <optional>
#include <string>

#include "cmd/serve_options.h"
#include "proc/unique_fd.h"

namespace topnet::cmd {

// A listening socket and the address that it got.
struct Listener {
  proc::UniqueFd socket;
  std::string address;
  bool is_loopback = false;
};

// Both throw UsageError for an address that is refused, and Failure for one that is in use, each
// with the option that names it.
Listener listen_for_clients(const ServeOptions& options);
std::optional<Listener> listen_for_browsers(
    const ServeOptions& options);  // nullopt: none is wanted

}  // namespace topnet::cmd
