// One process as /proc/[pid]/stat describes it (proc(5)).
//
// Parsing only: nothing here touches the file system, so every rule of the
// format can be tested with a string.
#pragma once

#include <optional>
#include <string_view>

#include "proc/process.h"

namespace topnet::proc {

// Parses the whole contents of one stat file. The name reaches from the first '(' to the *last*
// ')', because a process is free to call itself "a) R 1". Returns nullopt if a field up to
// start time (22) is missing, may be cut (nothing follows it) or is not a number; the caller skips
// such a process.
std::optional<Process> parse_stat(std::string_view text);

}  // namespace topnet::proc
