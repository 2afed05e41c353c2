// `topnet trust`: this machine's key.
#pragma once

#include "cmd/command_line.h"

namespace topnet::cmd {

Command trust_command();

}  // namespace topnet::cmd
