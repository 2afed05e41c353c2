// The values of options, as text. Each function throws UsageError with what is wrong with the text.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "net/address.h"

namespace topnet::cmd {

// Of the protocol.
inline constexpr std::uint16_t kDefaultPort = 8676;

// A whole number from 1 to `most`.
std::size_t parse_count(const std::string& text, std::size_t most);

// TIME: a decimal number with ms, s, m, h or d after it, rounded to the millisecond. Without a unit
// it is seconds, if the unit may be left out.
enum class TimeUnit : std::uint8_t { Optional, Required };
std::chrono::milliseconds parse_time(const std::string& text, std::chrono::milliseconds least,
                                     std::chrono::milliseconds most,
                                     TimeUnit unit = TimeUnit::Optional);

// HOST: a name or an address, with or without a port: NAME, NAME:PORT, ADDRESS, [IPv6]:PORT, IPv6.
net::HostPort parse_host(const std::string& text);

// [ADDR:]PORT, with a port from 0 to 65535. The host is empty if ADDR is left out.
net::HostPort parse_listen_address(const std::string& text);

}  // namespace topnet::cmd
