// Formats quantities for people. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace topnet::web {

// "37.2 %" of `whole`, rounded; "–" if `whole` is not positive.
std::string percent(double part, double whole);

// "0.04 %" of 1, rounded. `part` is not negative.
std::string fine_percent(double part);

// "2.0 s", rounded.
std::string seconds(std::chrono::milliseconds time);

// Whether a time stamp of that age can only be wrong. Small steps of the clock are normal.
constexpr bool is_in_future(std::chrono::milliseconds age) {
  return age < std::chrono::seconds(-5);
}

// Elapsed time in its largest unit: "now", "12 s", "3 min", "2 h", "5 d"; or "in the future".
std::string age(std::chrono::milliseconds passed);

// CPU time: "0.31 s", "8.4 s", "3 min 05 s", "2 h 07 min".
std::string cpu_time(std::uint64_t ticks, std::uint32_t ticks_per_second);

}  // namespace topnet::web
