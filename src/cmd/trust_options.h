// Options that several commands of `topnet trust` share.
#pragma once

#include <string>
#include <vector>

#include "cmd/command_line.h"

namespace topnet::cmd {

// For a command that prints a list.
struct ListOptions {
  bool is_json = false;
  std::string state_dir;
};
std::vector<Option> list_options(ListOptions& options);

// For a command with one argument.
struct ArgumentOptions {
  std::string argument;
  std::string state_dir;
};
// The help calls the argument `name`.
std::vector<Option> argument_options(ArgumentOptions& options, const std::string& name,
                                     const std::string& help);

}  // namespace topnet::cmd
