#include "cmd/listener.h"

#include <fmt/format.h>

#include <system_error>

#include "base/escape.h"
#include "cmd/command_error.h"
#include "cmd/option_values.h"
#include "net/socket.h"

namespace topnet::cmd {
namespace {

// `option` is the name of the option that set the address.
Listener listen_on(const net::HostPort& address, const char* option) {
  try {
    const auto numeric = net::to_socket_address(address);
    if (!numeric) {
      throw UsageError(fmt::format("{} {} is not an address of this machine; use a numeric address",
                                   option, base::escape(net::to_string(address))));
    }
    Listener listener{net::listen_on(*numeric), {}};
    const sockaddr_storage local = net::local_address(listener.socket.raw());
    listener.address = net::to_string(net::to_host_port(local));
    listener.is_loopback = net::is_loopback(local);
    return listener;
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::address_in_use) throw;
    throw CommandError(ExitCode::Failure,
                       fmt::format("{}; choose another address with {}", error.what(), option));
  }
}

// On all addresses: IPv6 and IPv4, or IPv4 alone on a machine without IPv6.
Listener listen_on_all(std::uint16_t port) {
  try {
    return listen_on({.host = "::", .port = port}, "--listen");
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::address_family_not_supported) throw;
    return listen_on({.host = "0.0.0.0", .port = port}, "--listen");
  }
}

net::HostPort with_loopback_default(net::HostPort address) {
  if (address.host.empty()) address.host = "127.0.0.1";
  return address;
}

}  // namespace

Listener listen_for_clients(const ServeOptions& options) {
  if (options.transport.uses_tls()) {
    return options.listen.host.empty() ? listen_on_all(options.listen.port)
                                       : listen_on(options.listen, "--listen");
  }
  const net::HostPort address = with_loopback_default(options.listen);
  Listener listener = listen_on(address, "--listen");
  if (!options.transport.allows_unsafe_plaintext && !listener.is_loopback) {
    throw UsageError(fmt::format(
        "--no-tls on {} would send reports over the network unencrypted; listen on a loopback "
        "address, or add --unsafe-plaintext",
        net::to_string(address)));
  }
  return listener;
}

std::optional<Listener> listen_for_http(const ServeOptions& options) {
  if (!options.http) return std::nullopt;
  const net::HostPort address = with_loopback_default(*options.http);
  Listener listener = listen_on(address, "--http");
  if (!listener.is_loopback && (!options.http_tls || options.http_token_file.empty())) {
    throw UsageError(fmt::format(
        "--http {} would show the status page to the whole network; use a loopback address, "
        "or add --http-tls and --http-token-file",
        net::to_string(address)));
  }
  return listener;
}

}  // namespace topnet::cmd
