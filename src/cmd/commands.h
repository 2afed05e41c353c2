// The commands of the program. Each is defined in the .cpp file of its name.
#pragma once

#include "cmd/command_line.h"

namespace topnet::cmd {

Command scan_command();
Command serve_command();
Command fetch_command();
Command trust_command();

}  // namespace topnet::cmd
