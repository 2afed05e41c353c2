// `topnet trust join`, `servers` and `forget`: whom this machine trusts.
#pragma once

#include "cmd/command_line.h"

namespace topnet::cmd {

Command join_command();
Command servers_command();
Command forget_command();

}  // namespace topnet::cmd
