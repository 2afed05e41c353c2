#include "cmd/values.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

#include "cmd/command_line.h"
#include "proc/number.h"

namespace topnet::cmd {

std::chrono::milliseconds parse_seconds(const std::string& text, std::chrono::milliseconds least,
                                        std::chrono::seconds most) {
  double seconds = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] =
      std::from_chars(text.data(), end, seconds, std::chars_format::fixed);
  const bool is_number = error == std::errc{} && stopped == end && std::isfinite(seconds);
  const double lowest = std::chrono::duration<double>(least).count();
  if (!is_number || seconds < lowest || seconds > static_cast<double>(most.count())) {
    throw UsageError(fmt::format("is not a number of seconds from {} to {}", lowest, most.count()));
  }
  return std::chrono::milliseconds(std::llround(seconds * 1000));
}

std::chrono::seconds parse_duration(const std::string& text) {
  constexpr std::array<std::pair<char, std::int64_t>, 4> units{
      {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}}};
  constexpr std::int64_t most = std::int64_t{365} * 86400;
  for (const auto& [unit, seconds] : units) {
    if (text.empty() || text.back() != unit) continue;
    const auto number =
        proc::parse_number<std::int64_t>(std::string_view(text).substr(0, text.size() - 1));
    if (number && *number >= 1 && *number <= most / seconds) {
      return std::chrono::seconds(*number * seconds);
    }
  }
  throw UsageError("is not a number with s, m, h or d behind it, from 1s to 365d");
}

}  // namespace topnet::cmd
