// Rules of HTTP text that several files share (RFC 9110, section 5.6), the end of a line, and a
// media type. Pure.
#pragma once

#include <string>
#include <string_view>

namespace topnet::web {

inline constexpr std::string_view kNewline = "\r\n";
inline constexpr const char* kPlainText = "text/plain; charset=utf-8";

inline std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Only ASCII letters, in every locale.
inline std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

}  // namespace topnet::web
