// The one way from untrusted bytes (a process's name, a host's) to printable text.
//
// Every output shows this text; HTML, CSV and JSON escape it once more for
// themselves. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace topnet::proc {

// Valid UTF-8 (RFC 3629) stays, except that a backslash becomes `\\`, and each byte of a C0 or C1
// control, DEL or a Unicode Bidi_Control becomes `\xNN`, as does every byte that is not part of
// valid UTF-8. The result is valid UTF-8 without control characters, at most four times as long.
std::string escape(std::string_view bytes);

// The bytes that `escape` was given; nullopt where a backslash is not followed by another one or
// by `x` and two lower-case hex digits.
std::optional<std::string> unescape(std::string_view text);

// Whether `text` is what `escape` makes of some bytes, and so safe to show.
bool is_escaped(std::string_view text);

}  // namespace topnet::proc
