// The words that stand for the values of an enumeration, on the command line and on the wire.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

namespace topnet::proc {

template <typename Value, std::size_t Size>
using Words = std::array<std::pair<std::string_view, Value>, Size>;

// Empty if no word stands for `value`.
template <typename Value, std::size_t Size>
constexpr std::string_view word_for(Value value, const Words<Value, Size>& words) {
  for (const auto& [word, meaning] : words) {
    if (meaning == value) return word;
  }
  return {};
}

template <typename Value, std::size_t Size>
constexpr std::optional<Value> meaning_of(std::string_view text, const Words<Value, Size>& words) {
  for (const auto& [word, meaning] : words) {
    if (word == text) return meaning;
  }
  return std::nullopt;
}

}  // namespace topnet::proc
