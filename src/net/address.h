// HOST:PORT as people type it, and socket addresses as we show them.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace topnet::net {

struct HostPort {
  std::string host;  // a name or an address; an IPv6 one without brackets
  std::uint16_t port = 0;

  friend bool operator==(const HostPort&, const HostPort&) = default;
};

// Reads HOST, HOST:PORT, IPV6, [IPV6] and [IPV6]:PORT. nullopt for an empty host, for a port that
// is not a number from 0 to 65535, and for a missing port if there is no `default_port`.
std::optional<HostPort> parse_host_port(std::string_view text,
                                        std::optional<std::uint16_t> default_port = {});

// Whether `host` is an IPv4 address in dotted form or an IPv6 address, and not a name.
bool is_numeric_address(const std::string& host);

// An IPv6 host in brackets: what parse_host_port reads.
std::string to_string(const HostPort& address);

// The numeric address and port. An IPv4 peer of an IPv6 socket is shown as IPv4.
HostPort to_host_port(const sockaddr_storage& address);

bool is_loopback(const sockaddr_storage& address);

// What a numeric address belongs to that one owner has: an IPv4 address itself, of an IPv6 address
// its /64 network (RFC 6177), "2001:db8:0:1::". Any other text comes back as it is.
std::string network_of(const std::string& address);

}  // namespace topnet::net
