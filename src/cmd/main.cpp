// The program: its commands, and what becomes of a failure.

#include <exception>
#include <new>
#include <string>
#include <variant>
#include <vector>

#include "cmd/command_line.h"
#include "cmd/exit_code.h"
#include "cmd/failure.h"
#include "cmd/fetch.h"
#include "cmd/output.h"
#include "cmd/scan.h"
#include "cmd/serve.h"
#include "cmd/signals.h"
#include "cmd/trust.h"

namespace topnet::cmd {
namespace {

ExitCode run(const std::vector<std::string>& words) {
  const std::vector<Command> commands{scan_command(), serve_command(), fetch_command(),
                                      trust_command()};
  const Request request = parse_command_line(words, commands);
  if (const auto* const text = std::get_if<std::string>(&request)) {
    print(*text);
    return ExitCode::Done;
  }
  return std::get<const Command*>(request)->run();
}

ExitCode run_or_say_why_not(const std::vector<std::string>& words) {
  try {
    return run(words);
  } catch (const std::bad_alloc&) {
    say("out of memory");
    return ExitCode::Failure;
  } catch (const std::exception& error) {
    say(error.what());
    return exit_code_of(error);
  }
}

}  // namespace
}  // namespace topnet::cmd

int main(int argc, char** argv) {
  topnet::cmd::prepare_process();
  const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  return static_cast<int>(topnet::cmd::run_or_say_why_not(words));
}
