// The listening sockets of `serve`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "cmd/serve_options.h"

namespace topnet::cmd {

// A listening socket and its actual address, also if the port was 0.
struct Listener {
  base::UniqueFd socket;
  std::string address;
  bool is_loopback = false;
};

// Both throw UsageError for an address that is not permitted, and CommandError for one that cannot
// be used. The message names the option.
//
// Logs if it listens on IPv4 only, because the kernel has no IPv6.
std::vector<Listener> listen_for_clients(const ServeOptions& options);
// nullopt if the status port is off, or, with a log line, if the default address is in use.
std::optional<Listener> listen_for_http(const ServeOptions& options);

}  // namespace topnet::cmd
