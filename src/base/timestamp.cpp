#include "base/timestamp.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>

namespace topnet::base {
namespace {

// A '0' in `pattern` stands for any digit; other characters must match, and end a number.
std::optional<std::array<int, 7>> match_digits(std::string_view text, std::string_view pattern) {
  if (text.size() != pattern.size()) return std::nullopt;
  std::array<int, 7> numbers{};
  std::size_t number = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (pattern[i] == '0') {
      if (text[i] < '0' || text[i] > '9') return std::nullopt;
      numbers.at(number) = numbers.at(number) * 10 + (text[i] - '0');
    } else {
      if (text[i] != pattern[i]) return std::nullopt;
      ++number;
    }
  }
  return numbers;
}

}  // namespace

WallTime now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::string format_time(WallTime time) {
  using namespace std::chrono;
  const auto midnight = floor<days>(time);
  const year_month_day date{midnight};
  const hh_mm_ss clock{time - midnight};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

std::optional<WallTime> parse_time(std::string_view text) {
  using namespace std::chrono;
  const auto numbers = match_digits(text, "0000-00-00T00:00:00.000Z");
  if (!numbers) return std::nullopt;
  const auto [y, mon, d, h, min, s, ms] = *numbers;
  const year_month_day date{year{y}, month(static_cast<unsigned>(mon)),
                            day(static_cast<unsigned>(d))};
  if (!date.ok() || h > 23 || min > 59 || s > 59) return std::nullopt;
  return sys_days{date} + hours{h} + minutes{min} + seconds{s} + milliseconds{ms};
}

}  // namespace topnet::base
