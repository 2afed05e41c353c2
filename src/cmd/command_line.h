// From the words of a command line to a command with its options set.
//
// A command is a name, a table of options and a function: declaring one is all that a new one
// takes. Nothing is printed and nothing is run here; used by the main thread alone.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "cmd/exit_code.h"

namespace topnet::cmd {

// The command line cannot be understood. what() says why, and what to do.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Option {
  std::string names;  // "-n,--top"; without a dash it is an argument: "host"
  std::string value;  // what the help calls its value; empty for a flag
  std::string help;
  // Takes the value as it was typed (the last one, where it was given twice). Throws UsageError
  // with what the value is not: "is not a whole number".
  std::function<void(const std::string&)> set;
  bool is_repeatable = false;  // then every value is taken, in order, and not the last one alone
};

struct Command {
  std::string name;
  std::string summary;
  std::vector<Option> options;
  std::function<ExitCode()> run;  // none where one of the commands below has to be named
  std::vector<Command> commands = {};
};

// What the command line asks for: a command to run, its options set, or a text (the help, the
// version) to print.
using Request = std::variant<const Command*, std::string>;

// Reads the words behind the program's name. The result points into `commands`. Throws UsageError.
Request parse_command_line(const std::vector<std::string>& words,
                           const std::vector<Command>& commands);

}  // namespace topnet::cmd
