// The question that ssh asks, too: whether a key that nobody knows is to be trusted.
#pragma once

#include <string>

#include "net/pin.h"

namespace topnet::cmd {

// Asks on the terminal, and returns whether the answer was `yes` or the pin itself. False without a
// word where standard input or standard error is none.
bool ask_to_trust(const std::string& address, const net::Pin& seen);

}  // namespace topnet::cmd
