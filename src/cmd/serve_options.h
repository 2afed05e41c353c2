// The options of `topnet serve`, as a value.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/files/user_file.h"
#include "cmd/command_line.h"
#include "cmd/option_values.h"
#include "cmd/transport_options.h"
#include "net/address.h"
#include "net/clients/client_report_db.h"
#include "proc/scanner.h"

namespace topnet::cmd {

inline constexpr std::uint16_t kDefaultHttpPort = 8080;

struct ServeOptions {
  // An empty host means all addresses, but 127.0.0.1 for `http`, and for `listen` without TLS.
  std::vector<net::HostPort> listen;  // empty: the default port
  std::optional<net::HostPort> http =
      net::HostPort{.host = "", .port = kDefaultHttpPort};  // nullopt: off
  bool is_http_given = false;                               // `http` is not the default
  std::vector<std::string> http_hosts;                      // in lower case
  bool http_tls = false;
  base::UserFile http_token_file;  // none: no token is required
  std::string proc_root = "/proc";
  proc::ScanMode scan_mode = proc::ScanMode::Clocks;
  std::size_t max_clients = 1024;
  std::size_t metric_groups = 32;
  net::ReportLimits keep;
  TransportOptions transport;
  std::string state_dir;

  // `http_hosts`, and the name in the server's own certificate if the status port shows that one.
  std::vector<std::string> accepted_http_hosts() const;
};

// The table of these options. Each sets its member of `options`, which must outlive the table.
std::vector<Option> serve_options(ServeOptions& options);

// Throws UsageError if the options contradict each other.
void validate(const ServeOptions& options);

}  // namespace topnet::cmd
