// The values of options, as text: each function throws UsageError with what the text is not.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace topnet::cmd {

// Of the protocol, where none is given.
inline constexpr std::uint16_t kDefaultPort = 8676;

// Seconds with an optional fraction, to the millisecond.
std::chrono::milliseconds parse_seconds(const std::string& text, std::chrono::milliseconds least,
                                        std::chrono::seconds most);

// A whole number with s, m, h or d behind it, of 1 second to 365 days.
std::chrono::seconds parse_duration(const std::string& text);

}  // namespace topnet::cmd
