// Small rules of HTTP's text (RFC 9110, section 5.6) that several parsers share. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace topnet::web {

inline std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// ASCII letters only, whatever the locale.
inline std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// RFC 4648, section 4; padding may be left out. nullopt for any other text.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace topnet::web
