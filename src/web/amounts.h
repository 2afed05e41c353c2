// Amounts as people read them. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace topnet::web {

// "37.2 %" of `whole`, rounded; "–" if that is not above zero.
std::string percent(double part, double whole);

// "0.04 %" of one, which is not below zero.
std::string fine_percent(double part);

// "2.0 s", rounded.
std::string seconds(std::chrono::milliseconds time);

// How long ago, in one unit: "now", "12 s", "3 min", "2 h", "5 d".
std::string age(std::chrono::milliseconds passed);

// CPU time: "0.31 s", "8.4 s", "3 min 05 s", "2 h 07 min".
std::string cpu_time(std::uint64_t ticks, std::uint32_t ticks_per_second);

}  // namespace topnet::web
