// The values of options, as text: each function throws UsageError with what the text is not.
#pragma once

#include <chrono>
#include <string>

namespace topnet::cmd {

// Seconds with an optional fraction, to the millisecond.
std::chrono::milliseconds parse_seconds(const std::string& text, std::chrono::seconds least,
                                        std::chrono::seconds most);

}  // namespace topnet::cmd
