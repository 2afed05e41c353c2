// `topnet fetch`: another machine's busiest processes, and this one's in return.
#pragma once

#include "cmd/command_line.h"

namespace topnet::cmd {

Command fetch_command();

}  // namespace topnet::cmd
