// The head of an HTTP request (RFC 9112), judged before any library sees it.
//
// Only what is asked for and the few headers that an answer depends on are let through; all others,
// Range and those of a body among them, end here. Pure functions of text.
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

// `text` is a whole head, up to and with its empty line. Returns the head that is let through, or
// why none is.
std::variant<std::string, Rejection> judge_head(std::string_view text, const AccessRules& rules);

}  // namespace topnet::web
