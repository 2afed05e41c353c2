#include "cmd/prompt_for_trust.h"

#include <unistd.h>

#include <cstdio>
#include <iostream>

namespace topnet::cmd {

bool prompt_for_trust(const std::string& address, const net::Pin& seen) {
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDERR_FILENO) == 0) return false;
  std::fprintf(stderr,
               "The server %s is unknown. Its key is\n    %s\n"
               "Compare it with the output of `topnet trust show` on the server.\n"
               "Trust this key permanently? Type yes or the key (default: no): ",
               address.c_str(), seen.c_str());
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "yes" || answer == seen;
}

}  // namespace topnet::cmd
