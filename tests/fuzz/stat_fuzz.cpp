// Compares the parser of stat files with a slow one that was written from proc(5) alone.

#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/escape.h"
#include "proc/stat.h"

namespace {

using topnet::proc::Process;

// Reads digit by digit, with an overflow check that shares nothing with std::from_chars.
std::optional<std::uint64_t> slow_number(const std::string& text, std::uint64_t most) {
  if (text.empty()) return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (number > (most - digit) / 10) return std::nullopt;
    number = number * 10 + digit;
  }
  return number;
}

// A pid_t, which may be negative in a file.
std::optional<pid_t> slow_signed(const std::string& text) {
  const bool is_negative = !text.empty() && text[0] == '-';
  const std::uint64_t most = std::numeric_limits<pid_t>::max();
  const auto number = slow_number(is_negative ? text.substr(1) : text, most + is_negative);
  if (!number) return std::nullopt;
  const auto size = static_cast<std::int64_t>(*number);
  return static_cast<pid_t>(is_negative ? -size : size);
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> fields{""};
  for (const char c : text) {
    if (c == ' ' || c == '\n') {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

std::optional<Process> slow_parse(const std::string& text) {
  std::size_t open = 0;
  while (open < text.size() && text.compare(open, 2, " (") != 0) ++open;
  std::size_t close = text.size();
  while (close > 0 && text.compare(close - 1, 2, ") ") != 0) --close;
  if (open == text.size() || close == 0 || close < open + 3) return std::nullopt;
  const auto pid = slow_number(text.substr(0, open), std::numeric_limits<pid_t>::max());
  const std::string name = text.substr(open + 2, close - 1 - (open + 2));
  const std::vector<std::string> fields = split(text.substr(close + 1));
  if (!pid || *pid == 0 || fields.size() < 21) return std::nullopt;
  // The last field may be cut off. fields[0] is field 3 of proc(5).
  const bool has_state =
      fields[0].size() == 1 && (fields[0][0] & 0x80) == 0 && std::isalpha(fields[0][0]) != 0;
  const auto user = slow_number(fields[11], 1ULL << 62U);
  const auto system = slow_number(fields[12], 1ULL << 62U);
  const auto children_user = slow_number(fields[13], 1ULL << 62U);
  const auto children_system = slow_number(fields[14], 1ULL << 62U);
  const auto start = slow_number(fields[19], std::numeric_limits<std::uint64_t>::max());
  if (!user || !system || !start) return std::nullopt;
  return Process{.pid = static_cast<pid_t>(*pid),
                 .name = topnet::base::escape(name),
                 .state = has_state ? fields[0][0] : '\0',
                 .user_ticks = *user,
                 .system_ticks = *system,
                 .start_time_ticks = *start,
                 .parent = slow_signed(fields[1]).value_or(0),
                 .children_ticks = children_user.value_or(0) + children_system.value_or(0)};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  const auto process = topnet::proc::parse_stat(text);
  if (process != slow_parse(text)) std::abort();
  if (process && !topnet::base::is_escaped(process->name)) std::abort();
  return 0;
}
