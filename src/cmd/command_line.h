// Parses the command line: selects a command and sets its options.
//
// A command is a name, a table of options and a function. A new command needs nothing else. This
// code prints nothing and runs no command. Used by the main thread only.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "cmd/exit_code.h"

namespace topnet::cmd {

// The command line is not valid. what() says why, and the next step.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Option {
  std::string names;  // "-n,--top"; an argument has no dash: "HOST"
  std::string value;  // the name of its value in the help; empty for flags and arguments
  std::string help;   // with the default in parentheses
  // Called with the value as typed. Throws UsageError with what is wrong with the value, to follow
  // the quoted value: "is not a whole number".
  std::function<void(const std::string&)> set;
  bool is_repeatable = false;  // `set` is called with every value, in order, not only with the last
  bool is_required = false;
  std::string group = "Options";  // the heading in the help
};

struct Command {
  std::string name;
  std::string summary;
  std::vector<Option> options;
  std::function<ExitCode()> run;       // empty if a subcommand is required
  std::vector<Command> commands = {};  // subcommands
};

// Sets the heading of all options.
std::vector<Option> with_group(const std::string& group, std::vector<Option> options);

// The result of parsing: a command to run, with its options set, or a text (help or version) to
// print.
using Request = std::variant<const Command*, std::string>;

// Parses the words after the program's name. The result points into `commands`. Throws UsageError.
Request parse_command_line(const std::vector<std::string>& typed,
                           const std::vector<Command>& commands);

}  // namespace topnet::cmd
