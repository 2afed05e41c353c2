// Parses /proc/[pid]/stat (proc(5)). Pure, so that every rule of the format is tested with strings.
#pragma once

#include <optional>
#include <string_view>

#include "proc/process.h"

namespace topnet::proc {

// Parses the contents of one stat file. The name reaches from the first '(' to the last ')',
// because a process may call itself "a) R 1". nullopt if the pid, the name, utime, stime or the
// start time (22) is missing or invalid, or if the text ends within them. Other fields are 0 if
// they are invalid, because the process would be hidden for them.
std::optional<Process> parse_stat(std::string_view text);

}  // namespace topnet::proc
