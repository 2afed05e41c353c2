// Parsers for the values of options. Each throws UsageError with what is wrong with the value, to
// follow the quoted value: "is not between 1 and 10".
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "net/address.h"

namespace topnet::cmd {

inline constexpr std::uint16_t kDefaultPort = 8676;  // of the protocol

// A whole number from 1 to `max`.
std::size_t parse_count(const std::string& text, std::size_t max);

// TIME: a decimal number with the unit ms, s, m, h or d, from `min` to `max`, rounded to the
// millisecond. If the unit is optional, a number without one is in seconds.
enum class TimeUnit : std::uint8_t { Optional, Required };
std::chrono::milliseconds parse_time(const std::string& text, std::chrono::milliseconds min,
                                     std::chrono::milliseconds max,
                                     TimeUnit unit = TimeUnit::Optional);

// The forms of HOST, for the help and for messages.
inline constexpr const char* kHostForms = "NAME[:PORT], IPv4[:PORT], IPv6 or [IPv6]:PORT";
net::HostPort parse_host(const std::string& text);

// [ADDR:]PORT, with a port from 0 to 65535. Without ADDR, the host is empty.
net::HostPort parse_listen_address(const std::string& text,
                                   std::uint16_t example_port = kDefaultPort);

}  // namespace topnet::cmd
