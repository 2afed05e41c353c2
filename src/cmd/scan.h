// `topnet scan`: this machine's busiest processes.
#pragma once

#include "cmd/command_line.h"

namespace topnet::cmd {

Command scan_command();

}  // namespace topnet::cmd
