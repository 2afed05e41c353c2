// Decimal numbers in text: the whole of it or nothing.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>
#include <system_error>

namespace topnet::proc {

// nullopt for anything but the digits of a number that fits, with a `-` before it where the type
// is signed: no blanks, no `+`, nothing behind.
template <std::integral Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return number;
}

}  // namespace topnet::proc
