// From the words of a command line to a command with its options set.
//
// A command is a name, a table of options and a function: declaring one is all that a new one
// takes. Nothing is printed and nothing is run here. Used by the main thread alone.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "cmd/exit_code.h"

namespace topnet::cmd {

// The command line cannot be understood. what() says why, and the next step.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Option {
  std::string names;  // "-n,--top"; without a dash it is an argument: "HOST"
  std::string value;  // what the help calls its value; empty for a flag and for an argument
  std::string help;   // with the default in round brackets
  // Takes the value as it was typed, the last one if it was given several times. Throws UsageError
  // with what is wrong with the value: "is not a whole number".
  std::function<void(const std::string&)> set;
  bool is_repeatable = false;  // every value is set, in order, instead of the last one alone
  bool is_required = false;
  std::string group = "Options";  // the heading that it stands under in the help
};

struct Command {
  std::string name;
  std::string summary;
  std::vector<Option> options;
  std::function<ExitCode()> run;  // empty if one of the commands below has to be named
  std::vector<Command> commands = {};
  std::string alias;  // another name
};

// The table's options, each with this heading.
std::vector<Option> with_group(const std::string& group, std::vector<Option> options);

// What the command line asks for: a command to run, its options set, or a text (the help, the
// version) to print.
using Request = std::variant<const Command*, std::string>;

// Reads the words after the program's name. The result points into `commands`. Throws UsageError.
Request parse_command_line(const std::vector<std::string>& words,
                           const std::vector<Command>& commands);

}  // namespace topnet::cmd
