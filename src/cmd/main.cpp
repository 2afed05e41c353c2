// The program: its commands, and what becomes of a failure.

#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <variant>
#include <vector>

#include "cmd/command_line.h"
#include "cmd/exit_code.h"
#include "cmd/output.h"
#include "cmd/scan.h"
#include "cmd/signals.h"
#include "net/file_error.h"

namespace topnet::cmd {
namespace {

ExitCode run(const std::vector<std::string>& words) {
  const std::vector<Command> commands{scan_command()};
  const Request request = parse_command_line(words, commands);
  if (const auto* const text = std::get_if<std::string>(&request)) {
    print(*text);
    return ExitCode::Done;
  }
  return std::get<const Command*>(request)->run();
}

// One line, whatever is in it.
ExitCode say(const char* problem, ExitCode code) {
  std::fprintf(stderr, "topnet: %s\n", problem);
  return code;
}

ExitCode run_or_say_why_not(const std::vector<std::string>& words) {
  try {
    return run(words);
  } catch (const UsageError& error) {
    return say(error.what(), ExitCode::Usage);
  } catch (const net::FileError& error) {
    return say(error.what(), ExitCode::LocalFile);
  } catch (const std::bad_alloc&) {
    return say("out of memory", ExitCode::Failure);
  } catch (const std::exception& error) {
    return say(error.what(), ExitCode::Failure);
  }
}

}  // namespace
}  // namespace topnet::cmd

int main(int argc, char** argv) {
  topnet::cmd::prepare_process();
  const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  return static_cast<int>(topnet::cmd::run_or_say_why_not(words));
}
