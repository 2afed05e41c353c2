#include "cmd/values.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "cmd/command_line.h"

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

}  // namespace topnet::cmd
