#include "web/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace topnet::web {
namespace {

// In tenths of a percent. Larger values would not fit into a column.
constexpr double kMaxTenths = 1e9;

}  // namespace

std::string percent(double part, double whole) {
  if (!(whole > 0)) return "–";
  const double rounded = std::round(std::clamp(part / whole * 1000, -kMaxTenths, kMaxTenths)) / 10;
  return fmt::format("{}{:.1f} %", rounded < 0 ? "−" : "", std::abs(rounded));
}

std::string fine_percent(double part) { return fmt::format("{:.2f} %", part * 100); }

std::string seconds(std::chrono::milliseconds time) {
  return fmt::format("{:.1f} s", std::chrono::duration<double>(time).count());
}

std::string age(std::chrono::milliseconds passed) {
  if (is_in_future(passed)) return "in the future";
  const std::int64_t s = std::chrono::floor<std::chrono::seconds>(passed).count();
  if (s < 1) return "now";
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min", s / 60);
  if (s < 86400) return fmt::format("{} h", s / 3600);
  return fmt::format("{} d", s / 86400);
}

std::string cpu_time(std::uint64_t ticks, std::uint32_t ticks_per_second) {
  const std::uint64_t s = ticks / ticks_per_second;
  const std::uint64_t hundredths = ticks % ticks_per_second * 100 / ticks_per_second;
  if (s < 60) return fmt::format("{}.{:02} s", s, hundredths);
  if (s < 3600) return fmt::format("{} min {:02} s", s / 60, s % 60);
  return fmt::format("{} h {:02} min", s / 3600, s % 3600 / 60);
}

}  // namespace topnet::web
