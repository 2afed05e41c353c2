// Bytes as lower-case hex digits, two per byte.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace topnet::base {

std::string to_hex(std::string_view bytes);
// nullopt if `text` has another character or an odd length.
std::optional<std::string> from_hex(std::string_view text);

// Whether `text` has exactly `digits` characters, all of them lower-case hex digits.
bool is_hex(std::string_view text, std::size_t digits);

}  // namespace topnet::base
