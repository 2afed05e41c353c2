// The options of `topnet serve`, as a value.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cmd/command_line.h"
#include "cmd/transport_options.h"
#include "cmd/values.h"
#include "net/address.h"
#include "net/top_table.h"
#include "proc/scanner.h"

namespace topnet::cmd {

struct ServeOptions {
  // An empty host is all addresses, and a loopback address for --http and with --no-tls.
  net::HostPort listen{.host = "", .port = kDefaultPort};
  std::optional<net::HostPort> http = net::HostPort{.host = "", .port = 8080};  // nullopt: off
  std::vector<std::string> http_hosts;                                          // in lower case
  bool http_tls = false;
  std::string http_token_file;  // empty: none
  proc::Method method = proc::Method::Fastest;
  std::size_t max_clients = 1024;
  std::size_t metric_groups = 32;
  net::TopLimits keep;
  TransportOptions transport;
  std::string state_dir;
};

// The table of these options; each sets its member of `options`, which must outlive the table.
std::vector<Option> serve_options(ServeOptions& options);

}  // namespace topnet::cmd
