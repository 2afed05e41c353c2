// What the commands of `topnet trust` have in common.
#pragma once

#include <string>
#include <vector>

#include "cmd/command_line.h"

namespace topnet::cmd {

// Of a command that lists something.
struct ListOptions {
  bool is_json = false;
  std::string state_dir;
};
std::vector<Option> list_options(ListOptions& options);

// Of a command with one argument.
struct ArgumentOptions {
  std::string argument;
  std::string state_dir;
};
// `name` is what the help calls the argument.
std::vector<Option> argument_options(ArgumentOptions& options, const std::string& name,
                                     const std::string& help);

}  // namespace topnet::cmd
