#include "cmd/listener.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "base/escape.h"
#include "cmd/command_error.h"
#include "cmd/option_values.h"
#include "net/socket.h"

namespace topnet::cmd {
namespace {

Listener listen_on(const sockaddr_storage& address, bool is_ipv6_only = false) {
  Listener listener{net::listen_on(address, is_ipv6_only), {}};
  const sockaddr_storage local = net::local_address(listener.socket.raw());
  listener.address = net::to_string(net::to_host_port(local));
  listener.is_loopback = net::is_loopback(local);
  return listener;
}

// `option` is the name of the option that set the address.
sockaddr_storage numeric(const net::HostPort& address, const char* option) {
  const auto found = net::to_socket_address(address);
  const std::string text = base::escape(net::to_string(address));
  if (!found) {
    throw UsageError(fmt::format("{} {} is not an address of this machine; use a numeric address",
                                 option, text));
  }
  if (net::lacks_zone(*found)) {
    throw UsageError(fmt::format(
        "{} {} is link-local and needs its interface; write [ADDR%INTERFACE]:PORT", option, text));
  }
  return *found;
}

[[noreturn]] void fail(const std::system_error& error, const char* option) {
  throw CommandError(ExitCode::Failure,
                     fmt::format("{}; choose another address with {}", error.what(), option));
}

net::HostPort with_loopback_default(net::HostPort address) {
  if (address.host.empty()) address.host = "127.0.0.1";
  return address;
}

// `given` is an address of --listen.
Listener listen_for_clients_on(const net::HostPort& given, const ServeOptions& options) {
  const bool is_all = given.host.empty() && options.transport.uses_tls();
  const net::HostPort address =
      is_all ? net::HostPort{.host = "::", .port = given.port} : with_loopback_default(given);
  // The IPv6 socket for all addresses would accept IPv4 too, unless that has its own.
  const bool has_ipv4_listener =
      std::find(options.listen.begin(), options.listen.end(),
                net::HostPort{.host = "0.0.0.0", .port = given.port}) != options.listen.end();
  try {
    return listen_on(numeric(address, "--listen"), has_ipv4_listener && given.port != 0);
  } catch (const std::system_error& error) {
    const bool has_no_ipv6 = error.code() == std::errc::address_family_not_supported;
    if (!is_all || !has_no_ipv6) fail(error, "--listen");
  }
  log_line("this kernel has no IPv6, so the server listens on IPv4 addresses only");
  return listen_for_clients_on({.host = "0.0.0.0", .port = given.port}, options);
}

}  // namespace

std::vector<Listener> listen_for_clients(const ServeOptions& options) {
  const std::vector<net::HostPort> by_default{{.host = "", .port = kDefaultPort}};
  std::vector<Listener> listeners;
  for (const net::HostPort& given : options.listen.empty() ? by_default : options.listen) {
    const Listener& listener = listeners.emplace_back(listen_for_clients_on(given, options));
    const TransportOptions& transport = options.transport;
    if (transport.uses_tls() || transport.allows_unsafe_plaintext || listener.is_loopback) continue;
    throw UsageError(fmt::format(
        "--no-tls on {} would send reports over the network unencrypted; listen on a loopback "
        "address, or add --unsafe-plaintext",
        net::to_string(given)));
  }
  return listeners;
}

std::optional<Listener> listen_for_http(const ServeOptions& options) {
  if (!options.http) return std::nullopt;
  const net::HostPort address = with_loopback_default(*options.http);
  std::optional<Listener> listener;
  try {
    listener = listen_on(numeric(address, "--http"));
  } catch (const std::system_error& error) {
    const bool is_in_use = error.code() == std::errc::address_in_use;
    if (options.is_http_given || !is_in_use) fail(error, "--http");
    log_line(fmt::format("no status page: {} is in use; choose another address with --http",
                         net::to_string(address)));
    return std::nullopt;
  }
  if (!listener->is_loopback && (!options.http_tls || !options.http_token_file.is_given())) {
    throw UsageError(fmt::format(
        "--http {} would show the status page to the whole network; use a loopback address, "
        "or add --http-tls and --http-token-file",
        net::to_string(address)));
  }
  return listener;
}

}  // namespace topnet::cmd
