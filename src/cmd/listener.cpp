#include "cmd/listener.h"

#include <fmt/format.h>

#include <system_error>

#include "cmd/failure.h"
#include "cmd/values.h"
#include "net/socket.h"

namespace topnet::cmd {
namespace {

// `option` is the one that names the address.
Listener listen_on(const net::HostPort& address, const char* option) {
  try {
    Listener listener{net::listen_on(net::resolve(address, net::Purpose::Listening).front()), {}};
    const sockaddr_storage local = net::local_address(listener.socket.raw());
    listener.address = net::to_string(net::to_host_port(local));
    listener.is_loopback = net::is_loopback(local);
    return listener;
  } catch (const net::ConnectionError& error) {
    throw UsageError(fmt::format("{}: {}; give a numeric address", option, error.what()));
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::address_in_use) throw;
    throw Failure(ExitCode::Failure,
                  fmt::format("{}; choose another one with {}", error.what(), option));
  }
}

// On both families if the machine has both.
Listener listen_everywhere(std::uint16_t port) {
  try {
    return listen_on({.host = "::", .port = port}, "--listen");
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::address_family_not_supported) throw;
    return listen_on({.host = "0.0.0.0", .port = port}, "--listen");
  }
}

net::HostPort on_loopback_by_default(net::HostPort address) {
  if (address.host.empty()) address.host = "127.0.0.1";
  return address;
}

}  // namespace

Listener listen_for_clients(const ServeOptions& options) {
  if (options.transport.uses_tls()) {
    return options.listen.host.empty() ? listen_everywhere(options.listen.port)
                                       : listen_on(options.listen, "--listen");
  }
  const net::HostPort address = on_loopback_by_default(options.listen);
  Listener listener = listen_on(address, "--listen");
  if (!options.transport.allows_unsafe_plaintext && !listener.is_loopback) {
    throw UsageError(fmt::format(
        "--no-tls on {} would show reports to the network; listen on a loopback address, or give "
        "--unsafe-plaintext too",
        net::to_string(address)));
  }
  return listener;
}

// nullopt where there is to be no status port.
std::optional<Listener> listen_for_browsers(const ServeOptions& options) {
  if (!options.http) return std::nullopt;
  const net::HostPort address = on_loopback_by_default(*options.http);
  Listener listener = listen_on(address, "--http");
  if (!listener.is_loopback && (!options.http_tls || options.http_token_file.empty())) {
    throw UsageError(
        fmt::format("--http {} would show the status to the network; give a loopback address, or "
                    "--http-tls and --http-token-file",
                    net::to_string(address)));
  }
  return listener;
}

}  // namespace topnet::cmd
