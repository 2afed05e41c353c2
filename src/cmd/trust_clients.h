// `topnet trust invite`, `clients` and `revoke`: who may talk to this machine.
#pragma once

#include "cmd/command_line.h"

namespace topnet::cmd {

Command invite_command();
Command clients_command();
Command revoke_command();

}  // namespace topnet::cmd
