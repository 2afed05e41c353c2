// Which of the two forms of a page a client prefers (RFC 9110, section 12.5.1). Pure.
#pragma once

#include <string_view>

namespace topnet::web {

// Whether an Accept header asks for application/json rather than for text/html: by its quality, and
// where that is the same, by being named where text/html is only covered by a wildcard.
bool prefers_json(std::string_view accept);

}  // namespace topnet::web
