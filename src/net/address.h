// Parses HOST:PORT and formats socket addresses.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace topnet::net {

struct HostPort {
  std::string host;  // a name or an address; IPv6 without brackets
  std::uint16_t port = 0;

  friend bool operator==(const HostPort&, const HostPort&) = default;
};

// Parses HOST, HOST:PORT, IPV6, [IPV6] and [IPV6]:PORT. nullopt for an empty host, for a port that
// is not a number from 0 to 65535, and for a missing port if there is no `default_port`.
std::optional<HostPort> parse_host_port(std::string_view text,
                                        std::optional<std::uint16_t> default_port = {});

// True for an IPv4 address in dotted form and for an IPv6 address, with or without a zone. False
// for a name.
bool is_numeric_address(const std::string& host);

// Without the zone of an IPv6 address (RFC 4007, section 11): "fe80::1" for "fe80::1%eth0".
std::string_view without_zone(std::string_view host);

// In the form that parse_host_port reads: an IPv6 address in brackets.
std::string to_string(const HostPort& address);

// The numeric address and port, with the zone of a link-local address. An IPv4-mapped IPv6 address
// becomes an IPv4 address.
HostPort to_host_port(const sockaddr_storage& address);

// The reverse. nullopt for a name, and for a zone that is not an interface of this machine.
std::optional<sockaddr_storage> to_socket_address(const HostPort& address);

// True for a link-local address without its zone, which no socket can be bound or connected to.
bool lacks_zone(const sockaddr_storage& address);

bool is_loopback(const sockaddr_storage& address);

// The smallest block that is assigned to one owner (RFC 6177): the /64 network of an IPv6 address
// ("2001:db8:0:1::", "fe80::%eth0"), an IPv4 address itself. Any other text is returned unchanged.
std::string network_of(const std::string& address);

}  // namespace topnet::net
