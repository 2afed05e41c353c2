// Splits text. Pure.
#pragma once

#include <string_view>

namespace topnet::base {

// Removes the text before the first `separator`, and the separator, from `text`. Returns the
// removed text without the separator. Removes all of `text` if it has no separator.
inline std::string_view take_until(std::string_view& text, std::string_view separator) {
  const auto length = text.find(separator);
  const std::string_view removed = text.substr(0, length);
  text.remove_prefix(length == std::string_view::npos ? text.size() : length + separator.size());
  return removed;
}

}  // namespace topnet::base
