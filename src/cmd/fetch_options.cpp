#include "cmd/fetch_options.h"

#include "cmd/state_dir.h"

namespace topnet::cmd {
namespace {

using std::chrono::seconds;

constexpr seconds kLongestTime{3600};

net::HostPort parse_server(const std::string& text) {
  const auto server = net::parse_host_port(text, kDefaultPort);
  if (!server || server->port == 0) {
    throw UsageError("is not HOST or HOST:PORT, with a port from 1 to 65535");
  }
  return *server;
}

net::Pin parse_pin(const std::string& text) {
  const auto pin = net::parse_pin(text);
  if (!pin) throw UsageError("is not SHA256: and 43 characters, as `topnet trust show` prints it");
  return *pin;
}

}  // namespace

std::vector<Option> fetch_options(FetchOptions& options) {
  const auto time = [](auto& target) {
    return [&target](const std::string& text) {
      target = parse_seconds(text, seconds(0), kLongestTime);
    };
  };
  std::vector<Option> table = ranking_options(options.ranking);
  table.insert(table.end(),
               {{.names = "server",
                 .value = "HOST[:PORT]",
                 .help = "The server (127.0.0.1:8676); an IPv6 address in brackets",
                 .set = [&](const std::string& text) { options.server = parse_server(text); }},
                {.names = "--hold",
                 .value = "SECONDS",
                 .help = "Keep the connection open that long before closing it (0)",
                 .set = time(options.hold)},
                {.names = "--connect-timeout",
                 .value = "SECONDS",
                 .help = "For connecting, the handshake included (5)",
                 .set = time(options.connect_timeout)},
                {.names = "--max-time",
                 .value = "SECONDS",
                 .help = "For the whole exchange, the hold not counted (30, and the delay)",
                 .set = time(options.max_time)},
                {.names = "--pin",
                 .value = "SHA256:...",
                 .help = "Trust exactly this key, for this call",
                 .set = [&](const std::string& text) { options.pin = parse_pin(text); }},
                state_dir_option(options.state_dir)});
  const std::vector<Option> transport = transport_options(options.transport);
  table.insert(table.end() - 1, transport.begin(), transport.end());
  return table;
}

}  // namespace topnet::cmd
