#include "base/escape.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/hex.h"

namespace topnet::base {
namespace {

struct Character {
  char32_t code = 0;
  std::size_t length = 0;  // in bytes; 0: not valid UTF-8
};

// Decodes the first character of `text`, which is not empty. The ranges are those of RFC 3629,
// section 4: they exclude overlong forms, surrogates and code points above U+10FFFF.
Character decode_utf8(std::string_view text) {
  struct Form {
    unsigned char first_low, first_high, second_low, second_high;
    std::size_t length;
  };
  static constexpr std::array<Form, 8> forms{{
      {0xC2, 0xDF, 0x80, 0xBF, 2},
      {0xE0, 0xE0, 0xA0, 0xBF, 3},
      {0xE1, 0xEC, 0x80, 0xBF, 3},
      {0xED, 0xED, 0x80, 0x9F, 3},
      {0xEE, 0xEF, 0x80, 0xBF, 3},
      {0xF0, 0xF0, 0x90, 0xBF, 4},
      {0xF1, 0xF3, 0x80, 0xBF, 4},
      {0xF4, 0xF4, 0x80, 0x8F, 4},
  }};
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  const auto* const form = std::find_if(forms.begin(), forms.end(), [&](const Form& f) {
    return first >= f.first_low && first <= f.first_high;
  });
  if (form == forms.end() || text.size() < form->length) return {};
  if (byte(1) < form->second_low || byte(1) > form->second_high) return {};
  char32_t code = first & (0x7FU >> form->length);
  for (std::size_t i = 1; i < form->length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return {};
    code = (code << 6U) | (byte(i) & 0x3FU);
  }
  return {code, form->length};
}

bool is_bidi_control(char32_t code) {
  return code == 0x061C || code == 0x200E || code == 0x200F || (code >= 0x202A && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

bool is_printable(char32_t code) {
  const bool is_control = code < 0x20 || (code >= 0x7F && code <= 0x9F);
  return !is_control && !is_bidi_control(code);
}

bool is_plain_ascii(char c) { return c >= 0x20 && c < 0x7F && c != '\\'; }

void append_hex(std::string& out, std::string_view bytes) {
  for (const char& c : bytes) {
    out += "\\x" + to_hex({&c, 1});
  }
}

// `backslash` replaces a backslash.
std::string escape_bytes(std::string_view bytes, std::string_view backslash) {
  std::string out;
  while (!bytes.empty()) {
    const Character character = decode_utf8(bytes);
    const std::string_view encoded = bytes.substr(0, std::max<std::size_t>(character.length, 1));
    if (character.length == 0 || !is_printable(character.code)) {
      append_hex(out, encoded);
    } else {
      out += encoded == "\\" ? backslash : encoded;
    }
    bytes.remove_prefix(encoded.size());
  }
  return out;
}

}  // namespace

std::string escape(std::string_view bytes) {
  // The common case, made fast because a scan escapes thousands of names.
  if (std::all_of(bytes.begin(), bytes.end(), is_plain_ascii)) return std::string(bytes);
  return escape_bytes(bytes, "\\\\");
}

std::string escape_controls(std::string_view bytes) { return escape_bytes(bytes, "\\"); }

std::optional<std::string> unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] != '\\') {
      out += text[i++];
    } else if (text.substr(i + 1, 1) == "\\") {
      out += '\\';
      i += 2;
    } else {
      const std::string_view sequence = text.substr(i, 4);
      if (sequence.size() < 4 || sequence[1] != 'x') return std::nullopt;
      const auto byte = from_hex(sequence.substr(2));
      if (!byte) return std::nullopt;
      out += *byte;
      i += 4;
    }
  }
  return out;
}

bool is_escaped(std::string_view text) {
  const auto bytes = unescape(text);
  return bytes && escape(*bytes) == text;
}

std::string quote_for_shell(std::string_view bytes) {
  constexpr std::string_view need_no_quotes =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@%+,";
  std::string text = escape(bytes);
  if (!text.empty() && text.find_first_not_of(need_no_quotes) == std::string::npos) return text;
  // The form $'...' knows the escapes that escape() writes.
  const bool is_plain = text == bytes;
  std::string out = is_plain ? "'" : "$'";
  for (const char c : text) {
    if (c == '\'') {
      out += is_plain ? R"('\'')" : R"(\')";
    } else {
      out += c;
    }
  }
  return out + '\'';
}

}  // namespace topnet::base
