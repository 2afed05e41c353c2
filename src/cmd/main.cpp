// The table of commands, and the one place that turns an exception into a message and an exit
// status.
#include <array>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cmd/command_error.h"
#include "cmd/command_line.h"
#include "cmd/commands.h"
#include "cmd/exit_code.h"
#include "cmd/output.h"
#include "cmd/signals.h"

namespace topnet::cmd {
namespace {

struct Entry {
  std::string_view name;
  Command (*make)();
};
constexpr std::array<Entry, 4> kCommands{{{"scan", scan_command},
                                          {"serve", serve_command},
                                          {"fetch", fetch_command},
                                          {"trust", trust_command}}};

// Only the command `name`, since each table of options that is not created saves several page
// faults. All commands if that one is unknown: the help and error messages list them.
std::vector<Command> commands_for(std::string_view name) {
  std::vector<Command> all;
  for (const Entry& each : kCommands) {
    if (each.name == name) return {each.make()};
    all.push_back(each.make());
  }
  return all;
}

// Throws UsageError. Its message may name the options of any command.
Request parse(const std::vector<std::string>& words, const std::vector<Command>& commands) {
  try {
    return parse_command_line(words, commands);
  } catch (const UsageError&) {
    static_cast<void>(parse_command_line(words, commands_for("")));
    throw;
  }
}

ExitCode run(const std::vector<std::string>& words) {
  const std::vector<Command> commands = commands_for(words.empty() ? "" : words.front());
  const Request request = parse(words, commands);
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
    log_line("out of memory");
    return static_cast<int>(ExitCode::Failure);
  } catch (const std::exception& error) {
    log_line(error.what());
    return static_cast<int>(exit_code_of(error));
  }
}
