// The program: its table of commands, and the one place where every failure ends.
#include <array>
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

constexpr std::array kCommands{scan_command, serve_command, fetch_command, trust_command};

ExitCode run(const std::vector<std::string>& words) {
  std::vector<Command> commands;
  for (const auto make : kCommands) commands.push_back(make());
  const Request request = parse_command_line(words, commands);
  if (const auto* const text = std::get_if<std::string>(&request)) {
    print(*text);
    return ExitCode::Done;
  }
  return std::get<const Command*>(request)->run();
}

}  // namespace
}  // namespace topnet::cmd

int main(int argc, char** argv) {
  using namespace topnet::cmd;
  prepare_process();
  try {
    return static_cast<int>(run({argv + (argc > 0 ? 1 : 0), argv + argc}));
  } catch (const std::bad_alloc&) {
    say("out of memory");
    return static_cast<int>(ExitCode::Failure);
  } catch (const std::exception& error) {
    say(error.what());
    return static_cast<int>(exit_code_of(error));
  }
}
