// Reads decimal numbers. Pure.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>
#include <system_error>

namespace topnet::base {

// nullopt unless all of `text` is a decimal number in the range of the type. A `-` is read if the
// type is signed. Blanks, a `+` and trailing characters are refused.
template <std::integral Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stopped != end) return std::nullopt;
  return number;
}

}  // namespace topnet::base
