// Makes untrusted bytes, such as the name of a process or host, printable.
//
// Every output shows the escaped text. HTML, CSV and JSON add their own escaping. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace topnet::base {

// Keeps valid UTF-8 (RFC 3629), with these exceptions. A backslash becomes `\\`. Each byte of a C0
// or C1 control, of DEL and of a Unicode Bidi_Control becomes `\xNN`, and so does each byte that is
// not part of valid UTF-8. The result is valid UTF-8, at most four times as long as `bytes`.
std::string escape(std::string_view bytes);

// The same, but keeps backslashes. For names that people paste, such as those of systemd's units,
// and for text of another machine that goes to a terminal. Cannot be reversed.
std::string escape_controls(std::string_view bytes);

// Reverses escape(). nullopt if a backslash is not followed by a backslash or by `x` and two
// lower-case hex digits.
std::optional<std::string> unescape(std::string_view text);

// Whether `text` is a possible result of escape(), and so safe to show.
bool is_escaped(std::string_view text);

// One word of a shell command that users paste. It is printable, and means `bytes` in bash, ksh and
// zsh, and also in other POSIX shells unless escape() changes `bytes`.
std::string quote_for_shell(std::string_view bytes);

}  // namespace topnet::base
