// Base64 (RFC 4648). Decoding returns nullopt if the text has another character, an impossible
// length, or bits that are not zero after the last byte.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace topnet::base {

// The alphabet for URLs and file names (section 5), without padding.
std::string to_base64url(std::string_view bytes);
std::optional<std::string> from_base64url(std::string_view text);

// The first alphabet (section 4). Padding is optional.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace topnet::base
