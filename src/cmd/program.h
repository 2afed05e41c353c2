// From the words of a command line to an exit status: what the executable and its module share.
#pragma once

#include <vector>

#include "cmd/command_line.h"

namespace topnet::cmd {

// Runs what `argv` asks for, of the commands that `make_commands` returns. Every failure ends here:
// as one line on standard error, and its code.
ExitCode run_program(int argc, char** argv, std::vector<Command> (*make_commands)());

}  // namespace topnet::cmd
