#include "cmd/program.h"

#include <exception>
#include <new>
#include <string>
#include <variant>

#include "cmd/failure.h"
#include "cmd/output.h"

namespace topnet::cmd {
namespace {

ExitCode run(const std::vector<std::string>& words, const std::vector<Command>& commands) {
  const Request request = parse_command_line(words, commands);
  if (const auto* const text = std::get_if<std::string>(&request)) {
    print(*text);
    return ExitCode::Done;
  }
  return std::get<const Command*>(request)->run();
}

}  // namespace

ExitCode run_program(int argc, char** argv, std::vector<Command> (*make_commands)()) {
  try {
    return run({argv + (argc > 0 ? 1 : 0), argv + argc}, make_commands());
  } catch (const std::bad_alloc&) {
    say("out of memory");
    return ExitCode::Failure;
  } catch (const std::exception& error) {
    say(error.what());
    return exit_code_of(error);
  }
}

}  // namespace topnet::cmd
