#include "cmd/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <utility>

#include "proc/escape.h"

namespace topnet::cmd {
namespace {

constexpr const char* kProgram = "topnet";
constexpr const char* kPurpose =
    "Shows which processes are eating the CPU, on this machine or on another one.";

// One declared option together with what the command line gave for it.
struct Given {
  const Option* declared;
  CLI::Option* parsed;
  std::vector<std::string> values;  // one, unless it is repeatable; of a flag: none
};

std::string in_quotes(const std::string& word) { return "'" + proc::escape(word) + "'"; }

// `path` is the command that was named: "", "scan", "trust show".
std::string see_help(const std::string& path) {
  return fmt::format("see '{}{}{} --help'", kProgram, path.empty() ? "" : " ", path);
}

void declare_help_and_version(CLI::App& app) {
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.set_version_flag("-V,--version", fmt::format("{} {}", kProgram, TOPNET_VERSION),
                       "Print the version and exit");
}

// One command as CLI11 knows it, with the commands below it.
class ParsedCommand {
 public:
  ParsedCommand(CLI::App& parent, const Command& command, const std::string& parent_path)
      : command_(command),
        path_(parent_path + (parent_path.empty() ? "" : " ") + command.name),
        app_(parent.add_subcommand(command.name, command.summary)) {
    declare_help_and_version(*app_);
    app_->allow_extras();
    app_->require_subcommand(0, 1);
    for (const Option& option : command.options) declare(option);
    for (const Command& each : command.commands) {
      below_.push_back(std::make_unique<ParsedCommand>(*app_, each, path_));
    }
  }

  const Command& command() const { return command_; }
  const std::string& path() const { return path_; }

  // The innermost command that the command line names; null if not even this one is.
  const ParsedCommand* named() const {
    if (!app_->parsed()) return nullptr;
    for (const auto& each : below_) {
      if (const ParsedCommand* const found = each->named()) return found;
    }
    return this;
  }

  void set_options() const {
    for (const auto& given : given_) {
      if (given->parsed->count() == 0) continue;
      if (given->values.empty()) given->declared->set("");
      for (const std::string& value : given->values) set(*given, value);
    }
  }

 private:
  void set(const Given& given, const std::string& value) const {
    try {
      given.declared->set(value);
    } catch (const UsageError& error) {
      throw UsageError(fmt::format("{} {} {}; {}", given.parsed->get_name(), in_quotes(value),
                                   error.what(), see_help(path_)));
    }
  }

  void declare(const Option& option) {
    given_.push_back(std::make_unique<Given>(Given{&option, nullptr, {}}));
    Given& given = *given_.back();
    if (option.value.empty()) {
      given.parsed = app_->add_flag(option.names, option.help)->disable_flag_override();
    } else {
      given.parsed =
          app_->add_option(option.names, given.values, option.help)->type_name(option.value);
      // One word for each time that the option is given.
      given.parsed->expected(1)->allow_extra_args(false);
      if (option.is_repeatable) {
        given.parsed->take_all();
      } else {
        given.parsed->take_last();
      }
    }
  }

  const Command& command_;
  std::string path_;
  CLI::App* app_;
  std::vector<std::unique_ptr<Given>> given_;
  std::vector<std::unique_ptr<ParsedCommand>> below_;
};

[[noreturn]] void refuse_word(const std::string& word, const ParsedCommand* command) {
  const bool is_option = word.starts_with('-') && word.size() > 1;
  const bool names_a_command = command == nullptr || !command->command().commands.empty();
  const char* const problem = is_option         ? "unknown option"
                              : names_a_command ? "unknown command"
                                                : "unexpected argument";
  throw UsageError(
      fmt::format("{} {}; {}", problem, in_quotes(word), see_help(command ? command->path() : "")));
}

// CLI11 says "--top: 1 required N missing" and "exhaustive was given a disallowed flag override".
std::string describe(const CLI::ArgumentMismatch& error) {
  const std::string text = error.what();
  if (const auto colon = text.find(':'); colon != std::string::npos) {
    return text.substr(0, colon) + " needs a value";
  }
  return "--" + text.substr(0, text.find(' ')) + " takes no value";
}

}  // namespace

Request parse_command_line(const std::vector<std::string>& words,
                           const std::vector<Command>& commands) {
  CLI::App program(kPurpose, kProgram);
  declare_help_and_version(program);
  program.get_formatter()->column_width(28);
  program.require_subcommand(0, 1);
  program.allow_extras();
  std::vector<std::unique_ptr<ParsedCommand>> parsed;
  parsed.reserve(commands.size());
  for (const Command& command : commands) {
    parsed.push_back(std::make_unique<ParsedCommand>(program, command, ""));
  }
  const auto named = [&]() -> const ParsedCommand* {
    for (const auto& each : parsed) {
      if (const ParsedCommand* const found = each->named()) return found;
    }
    return nullptr;
  };
  const auto hint = [&] { return see_help(named() ? named()->path() : ""); };

  try {
    program.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::CallForHelp&) {
    return program.help();
  } catch (const CLI::CallForVersion& version) {
    return std::string(version.what()) + '\n';
  } catch (const CLI::ArgumentMismatch& error) {
    throw UsageError(describe(error) + "; " + hint());
  } catch (const CLI::ParseError& error) {
    throw UsageError(proc::escape(error.what()) + "; " + hint());
  }

  const ParsedCommand* const command = named();
  std::vector<std::string> unknown = program.remaining(true);
  // To CLI11 this word ends a subcommand; to us it means nothing.
  if (std::find(words.begin(), words.end(), "++") != words.end()) unknown.emplace_back("++");
  if (!unknown.empty()) refuse_word(unknown.front(), command);
  if (command == nullptr || !command->command().run) {
    throw UsageError("no command given; " + hint());
  }
  command->set_options();
  return &command->command();
}

}  // namespace topnet::cmd
