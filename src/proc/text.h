// Takes text apart, piece by piece. Pure.
#pragma once

#include <string_view>

namespace topnet::proc {

// Takes what precedes `separator` off `text`, with the separator; all of it where there is none.
inline std::string_view take_until(std::string_view& text, std::string_view separator) {
  const auto length = text.find(separator);
  const std::string_view taken = text.substr(0, length);
  text.remove_prefix(length == std::string_view::npos ? text.size() : length + separator.size());
  return taken;
}

}  // namespace topnet::proc
