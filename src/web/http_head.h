// Validates the head of an HTTP request (RFC 9112) before the HTTP library sees it.
//
// The library gets the request line and the headers that a response depends on. All other headers
// are dropped, also Range and those of a body. Pure functions of text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "web/access.h"
#include "web/rejection.h"

namespace topnet::web {

inline constexpr std::size_t kMaxHeadSize = 4096;  // in bytes, with the empty line
inline constexpr std::size_t kMaxTargetSize = 1024;

// `text` begins with a complete head, including its empty line. Returns the reduced head, or why
// the request is rejected.
std::variant<std::string, Rejection> validate_head(std::string_view text, const AccessRules& rules);

}  // namespace topnet::web
