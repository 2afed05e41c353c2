// What becomes of an exception: an exit code and one line on standard error.
#pragma once

#include <exception>
#include <stdexcept>
#include <string>

#include "cmd/exit_code.h"

namespace topnet::cmd {

// A failure with all that has to be said of it: what was tried, on what, why, and the next step.
class Failure : public std::runtime_error {
 public:
  Failure(ExitCode code, const std::string& text) : std::runtime_error(text), code_(code) {}

  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

// The code of topnet(1) for any exception of the program.
ExitCode exit_code_of(const std::exception& error);

// Prints "topnet: TEXT" as one line on standard error. Never waits: a line that would have to wait
// for a reader is lost, and the next one says so. Any thread may call it.
void say(const std::string& text);

}  // namespace topnet::cmd
