// Asks the user whether to trust an unknown key, as ssh does.
#pragma once

#include <string>

#include "net/tls/pin.h"

namespace topnet::cmd {

// Returns whether the user answered `yes` or the pin itself. Returns false without asking if
// standard input or standard error is not a terminal.
bool prompt_for_trust(const std::string& address, const net::Pin& seen);

}  // namespace topnet::cmd
