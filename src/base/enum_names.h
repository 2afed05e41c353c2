// Names of enumerators, as on the command line and in messages. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

namespace topnet::base {

template <typename Value, std::size_t Size>
using EnumNames = std::array<std::pair<std::string_view, Value>, Size>;

// Empty if `value` has no name.
template <typename Value, std::size_t Size>
constexpr std::string_view name_of(Value value, const EnumNames<Value, Size>& names) {
  for (const auto& [name, named] : names) {
    if (named == value) return name;
  }
  return {};
}

template <typename Value, std::size_t Size>
constexpr std::optional<Value> parse_enum(std::string_view text,
                                          const EnumNames<Value, Size>& names) {
  for (const auto& [name, value] : names) {
    if (name == text) return value;
  }
  return std::nullopt;
}

}  // namespace topnet::base
