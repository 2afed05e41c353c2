#include "cmd/question.h"

#include <unistd.h>

#include <cstdio>
#include <iostream>

namespace topnet::cmd {

bool ask_to_trust(const std::string& address, const net::Pin& seen) {
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDERR_FILENO) == 0) return false;
  std::fprintf(stderr,
               "The server %s is not known here. It shows the key\n    %s\n"
               "Its user reads the right one off `topnet trust show` there.\n"
               "Trust this key from now on? Type yes, or the key (no): ",
               address.c_str(), seen.c_str());
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "yes" || answer == seen;
}

}  // namespace topnet::cmd
