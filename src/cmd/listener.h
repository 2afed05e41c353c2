// The listening sockets of `serve`.
#pragma once

#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "cmd/serve_options.h"

namespace topnet::cmd {

// A listening socket and its actual address, also if the port was 0.
struct Listener {
  base::UniqueFd socket;
  std::string address;
  bool is_loopback = false;
};

// Both throw UsageError for an address that is not permitted, and CommandError for one that is in
// use. The message names the option.
Listener listen_for_clients(const ServeOptions& options);
// nullopt if the status port is off.
std::optional<Listener> listen_for_http(const ServeOptions& options);

}  // namespace topnet::cmd
