// `topnet serve`: answers clients.
#pragma once

#include "cmd/command_line.h"

namespace topnet::cmd {

Command serve_command();

}  // namespace topnet::cmd
