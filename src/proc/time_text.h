// Moments, to the millisecond, and as text: UTC, ISO 8601.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace topnet::proc {

using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

// By this machine's clock.
WallTime now();

// 2026-11-23T20:01:02.123Z
std::string format_time(WallTime time);

// Reads what format_time writes, and nothing else.
std::optional<WallTime> parse_time(std::string_view text);

}  // namespace topnet::proc
