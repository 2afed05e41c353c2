// The options of `topnet fetch`, as a value.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cmd/command_line.h"
#include "cmd/option_values.h"
#include "cmd/ranking_options.h"
#include "cmd/transport_options.h"
#include "net/address.h"
#include "net/tls/pin.h"

namespace topnet::cmd {

struct FetchOptions {
  RankingOptions ranking;
  std::string proc_root = "/proc";
  net::HostPort server{.host = "127.0.0.1", .port = kDefaultPort};
  std::chrono::milliseconds hold{0};
  std::chrono::milliseconds connect_timeout{5000};
  std::optional<std::chrono::milliseconds> max_time;  // nullopt: 30 s plus the delay
  std::optional<net::Pin> pin;
  TransportOptions transport;
  std::string state_dir;
};

// The table of these options. Each sets its member of `options`, which must outlive the table.
std::vector<Option> fetch_options(FetchOptions& options);

}  // namespace topnet::cmd
