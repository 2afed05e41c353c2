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
std::vector<Option> argument_options(ArgumentOptions& options, const std::string& name,
                                     const std::string& value, const std::string& help);

// Throws UsageError where the argument of `topnet trust COMMAND` was not given.
void require_argument(const std::string& argument, const std::string& value,
                      const std::string& command);

}  // namespace topnet::cmd
