// Wall-clock time in milliseconds, and its text form: ISO 8601, UTC. Thread-safe.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace topnet::base {

using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

WallTime now();

// 2026-11-23T20:01:02.123Z
std::string format_time(WallTime time);

// Reads only the form that format_time writes.
std::optional<WallTime> parse_time(std::string_view text);

}  // namespace topnet::base
