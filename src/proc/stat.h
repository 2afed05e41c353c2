// Parses /proc/[pid]/stat (proc(5)). Pure, so that every rule of the format is tested with strings.
#pragma once

#include <optional>
#include <string_view>

#include "proc/process.h"

namespace topnet::proc {

// Parses the contents of one stat file. The name reaches from the first '(' to the last ')',
// because a process may call itself "a) R 1". nullopt if a field up to the start time (22) is
// missing, is not a number, or may be truncated because nothing follows it.
std::optional<Process> parse_stat(std::string_view text);

}  // namespace topnet::proc
