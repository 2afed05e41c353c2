#include "cmd/serve_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "cmd/state_dir.h"
#include "proc/number.h"
#include "web/http_text.h"

namespace topnet::cmd {
namespace {

net::HostPort parse_address(const std::string& text) {
  const auto address = net::parse_host_port(text);
  if (!address) throw UsageError("is not ADDRESS:PORT, with a port from 0 to 65535");
  return *address;
}

std::size_t parse_count(const std::string& text, std::size_t most) {
  const auto number = proc::parse_number<std::size_t>(text);
  if (!number || *number < 1 || *number > most) {
    throw UsageError(fmt::format("is not a whole number from 1 to {}", most));
  }
  return *number;
}

std::optional<net::HostPort> parse_address_or_off(const std::string& text) {
  if (text == "off") return std::nullopt;
  auto address = net::parse_host_port(text);
  if (!address) throw UsageError("is neither ADDRESS:PORT, with a port from 0 to 65535, nor off");
  return address;
}

// A name as a browser sends it in Host, without a port.
std::string parse_host_name(const std::string& text) {
  const bool is_name = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
  if (!is_name) throw UsageError("is no host name");
  return web::to_lower(text);
}

}  // namespace

std::vector<Option> serve_options(ServeOptions& options) {
  std::vector<Option> table{
      {.names = "--listen",
       .value = "ADDRESS:PORT",
       .help = "Where to listen ([::]:8676; with --no-tls 127.0.0.1:8676)",
       .set = [&](const std::string& text) { options.listen = parse_address(text); }},
      {.names = "--http",
       .value = "ADDRESS:PORT",
       .help = "Where to show the status page, or off (127.0.0.1:8080)",
       .set = [&](const std::string& text) { options.http = parse_address_or_off(text); }},
      {.names = "--http-host",
       .value = "NAME",
       .help = "One more name that the status page may be asked for by; can be repeated",
       .set = [&](const std::string& text) { options.http_hosts.push_back(parse_host_name(text)); },
       .is_repeatable = true},
      {.names = "--http-tls",
       .value = "",
       .help = "Show the status page by HTTPS, with the server's certificate",
       .set = [&](const std::string&) { options.http_tls = true; }},
      {.names = "--http-token-file",
       .value = "FILE",
       .help = "Show the status page to those only who have the token in this file",
       .set = [&](const std::string& text) { options.http_token_file = text; }},
      {.names = "--exhaustive",
       .value = "",
       .help = "Open the stat file of every process, whatever faster way exists",
       .set = [&](const std::string&) { options.method = proc::Method::Exhaustive; }},
      {.names = "--max-clients",
       .value = "N",
       .help = "How many clients are served at once (1024)",
       .set = [&](const std::string& text) { options.max_clients = parse_count(text, 1000000); }},
      {.names = "--metric-groups",
       .value = "K",
       .help = "How many program names /metrics tells apart (32)",
       .set = [&](const std::string& text) { options.metric_groups = parse_count(text, 10000); }},
      {.names = "--keep-tops",
       .value = "N",
       .help = "How many of the clients' busiest processes are kept (100000)",
       .set = [&](const std::string& text) { options.keep.most = parse_count(text, 10000000); }},
      {.names = "--keep-days",
       .value = "D",
       .help = "And for how many days (7)",
       .set =
           [&](const std::string& text) {
             options.keep.longest = std::chrono::days(parse_count(text, 36500));
           }},
      state_dir_option(options.state_dir)};
  const std::vector<Option> transport = transport_options(options.transport);
  table.insert(table.end() - 1, transport.begin(), transport.end());
  return table;
}

}  // namespace topnet::cmd
