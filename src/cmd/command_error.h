// Turns exceptions into an exit status and one line on standard error.
#pragma once

#include <exception>
#include <stdexcept>
#include <string>

#include "cmd/exit_code.h"

namespace topnet::cmd {

// A failure with a complete message for the user: what was tried, on what, why it failed, and the
// next step.
class CommandError : public std::runtime_error {
 public:
  CommandError(ExitCode code, const std::string& text) : std::runtime_error(text), code_(code) {}

  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

// The status for an exception: topnet(1), section EXIT STATUS.
ExitCode exit_code_of(const std::exception& error);

// The next step after a failed exchange with a server, to follow what(): "; try again later".
// Empty if what() has one.
std::string next_step(const std::exception& error);

// Prints "topnet: TEXT" as one line on standard error. Never blocks: a line that would have to wait
// for a reader is dropped, and the next line says how many were dropped. Thread-safe.
void log_line(const std::string& text);

// For what is tried again and again, where `last` is the problem of the last time. Logs `problem`
// if it is a new one, and `solved` once it is gone.
void log_change(std::string& last, const std::string& problem, const std::string& solved);

}  // namespace topnet::cmd
