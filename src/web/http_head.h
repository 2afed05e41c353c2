// Validates the head of an HTTP request (RFC 9112) before the HTTP library sees it.
//
// The library gets the request line with the target in origin form, and the headers that a response
// depends on. All other headers are dropped, also Range and those of a body. Pure functions of
// text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "web/access.h"
#include "web/rejection.h"

namespace topnet::web {

// In bytes, with the empty line. Browsers send the cookies of every service of the same host.
inline constexpr std::size_t kMaxHeadSize = 16384;
inline constexpr std::size_t kMaxTargetSize = 1024;

// `text` begins with a complete head, including its empty line. Returns the reduced head, or why
// the request is rejected.
std::variant<std::string, Rejection> validate_head(std::string_view text, const AccessRules& rules);

}  // namespace topnet::web
