#include "net/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>

#include <array>
#include <cstring>
#include <memory>

#include "base/escape.h"
#include "base/parse_number.h"

namespace topnet::net {
namespace {

template <typename Address>
Address view_as(const sockaddr_storage& storage) {
  Address address{};
  std::memcpy(&address, &storage, sizeof address);
  return address;
}

// The IPv4 address inside an IPv4-mapped IPv6 one (RFC 4291, section 2.5.5.2).
in_addr mapped_address(const in6_addr& address) {
  in_addr mapped{};
  std::memcpy(&mapped, &address.s6_addr[12], sizeof mapped);
  return mapped;
}

// "%eth0"; empty for an address that has no zone. The number of an interface that is gone.
std::string zone_of(const sockaddr_in6& address) {
  if (address.sin6_scope_id == 0) return "";
  std::array<char, IF_NAMESIZE> name{};
  if (::if_indextoname(address.sin6_scope_id, name.data()) == nullptr) {
    return fmt::format("%{}", address.sin6_scope_id);
  }
  return "%" + base::escape(name.data());
}

bool is_loopback(in_addr address) { return ntohl(address.s_addr) >> 24U == 127; }

}  // namespace

std::optional<HostPort> parse_host_port(std::string_view text,
                                        std::optional<std::uint16_t> default_port) {
  std::string_view host = text;
  std::string_view port;  // with its colon
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    host = text.substr(1, close - 1);
    port = text.substr(close + 1);
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    const bool is_ipv6 = colon != text.rfind(':') && is_numeric_address(std::string(text));
    if (!is_ipv6) {
      host = text.substr(0, colon);
      port = text.substr(colon);
    }
  }
  if (host.empty()) return std::nullopt;
  if (port.empty()) {
    if (!default_port) return std::nullopt;
    return HostPort{.host = std::string(host), .port = *default_port};
  }
  if (!port.starts_with(':')) return std::nullopt;
  const auto number = base::parse_number<std::uint16_t>(port.substr(1));
  if (!number) return std::nullopt;
  return HostPort{.host = std::string(host), .port = *number};
}

bool is_numeric_address(const std::string& host) {
  in6_addr ignored{};
  return ::inet_pton(AF_INET, host.c_str(), &ignored) == 1 ||
         ::inet_pton(AF_INET6, std::string(without_zone(host)).c_str(), &ignored) == 1;
}

std::string_view without_zone(std::string_view host) { return host.substr(0, host.find('%')); }

std::string to_string(const HostPort& address) {
  const bool is_ipv6 = address.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", is_ipv6 ? "[" : "", address.host, is_ipv6 ? "]" : "",
                     address.port);
}

HostPort to_host_port(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const auto format = [&](int family, const void* bytes) {
    return std::string(::inet_ntop(family, bytes, text.data(), text.size()));
  };
  if (address.ss_family == AF_INET) {
    const auto ipv4 = view_as<sockaddr_in>(address);
    return {.host = format(AF_INET, &ipv4.sin_addr), .port = ntohs(ipv4.sin_port)};
  }
  const auto ipv6 = view_as<sockaddr_in6>(address);
  if (IN6_IS_ADDR_V4MAPPED(&ipv6.sin6_addr)) {
    const in_addr mapped = mapped_address(ipv6.sin6_addr);
    return {.host = format(AF_INET, &mapped), .port = ntohs(ipv6.sin6_port)};
  }
  return {.host = format(AF_INET6, &ipv6.sin6_addr) + zone_of(ipv6), .port = ntohs(ipv6.sin6_port)};
}

std::optional<sockaddr_storage> to_socket_address(const HostPort& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found) !=
      0) {
    return std::nullopt;
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, &::freeaddrinfo);
  sockaddr_storage result{};
  std::memcpy(&result, found->ai_addr, found->ai_addrlen);
  return result;
}

bool lacks_zone(const sockaddr_storage& address) {
  if (address.ss_family != AF_INET6) return false;
  const auto ipv6 = view_as<sockaddr_in6>(address);
  return IN6_IS_ADDR_LINKLOCAL(&ipv6.sin6_addr) && ipv6.sin6_scope_id == 0;
}

bool is_loopback(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) return is_loopback(view_as<sockaddr_in>(address).sin_addr);
  if (address.ss_family != AF_INET6) return false;
  const in6_addr ipv6 = view_as<sockaddr_in6>(address).sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&ipv6)) return is_loopback(mapped_address(ipv6));
  return IN6_IS_ADDR_LOOPBACK(&ipv6);
}

std::string network_of(const std::string& address) {
  in6_addr ipv6{};
  const std::string_view bare = without_zone(address);
  if (::inet_pton(AF_INET6, std::string(bare).c_str(), &ipv6) != 1) return address;
  for (std::size_t i = 8; i < 16; ++i) ipv6.s6_addr[i] = 0;
  std::array<char, INET6_ADDRSTRLEN> text{};
  return ::inet_ntop(AF_INET6, &ipv6, text.data(), text.size()) + address.substr(bare.size());
}

}  // namespace topnet::net
