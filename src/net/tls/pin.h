// A pin identifies a key. It is the SHA-256 of the public key alone, so that neither clocks nor
// certificate dates matter.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace topnet::net {

// "SHA256:" and 43 characters: base64url (RFC 4648, without padding) of the SHA-256 of the key's
// SubjectPublicKeyInfo in DER (RFC 5280).
using Pin = std::string;

// nullopt unless `text` is a well-formed pin.
std::optional<Pin> parse_pin(std::string_view text);

}  // namespace topnet::net
