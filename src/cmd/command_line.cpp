#include "cmd/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <utility>

#include "cmd/did_you_mean.h"
#include "proc/escape.h"

namespace topnet::cmd {
namespace {

constexpr const char* kProgram = "topnet";
constexpr const char* kPurpose =
    "Shows which processes use the CPU, on this machine or on another one.";
constexpr const char* kFooter =
    "`topnet help COMMAND` shows a command's options, `man topnet` explains them.";
// Every command has this option; it is also accepted before the command.
constexpr const char* kStateDir = "--state-dir";

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

void prepare(CLI::App& app) {
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.set_version_flag("-V,--version", fmt::format("{} {}", kProgram, TOPNET_VERSION),
                       "Print the version and exit");
  app.allow_extras();
  const auto formatter = std::make_shared<CLI::Formatter>();
  formatter->column_width(28);
  formatter->label("SUBCOMMAND", "COMMAND");
  formatter->label("Positionals", "Arguments");
  formatter->label("REQUIRED", "");
  app.formatter(formatter);
}

// One command as CLI11 knows it, with the commands below it.
class ParsedCommand {
 public:
  ParsedCommand(CLI::App& parent, const Command& command, const std::string& parent_path)
      : command_(command),
        path_(parent_path + (parent_path.empty() ? "" : " ") + command.name),
        app_(parent.add_subcommand(command.name, command.summary)) {
    app_->group("Commands");
    if (!command.alias.empty()) app_->alias(command.alias);
    prepare(*app_);
    for (const Option& option : command.options) declare(option);
    app_->require_subcommand(command.run ? 0 : 1, 1);
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

  // `state_dirs` are those that were given before the command; its own counts more.
  void set_options(const std::vector<std::string>& state_dirs) const {
    for (const auto& given : given_) {
      const bool is_given = given->parsed->count() > 0;
      if (!is_given && given->declared->names == kStateDir && !state_dirs.empty()) {
        set(*given, state_dirs.back());
      }
      if (is_given && given->values.empty()) given->declared->set("");
      for (const std::string& value : given->values) set(*given, value);
    }
  }

  std::vector<std::string> option_names() const {
    std::vector<std::string> names{"--help", "--version"};
    for (const auto& given : given_) {
      for (const std::string& name : given->parsed->get_lnames()) names.push_back("--" + name);
    }
    return names;
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
    const bool is_flag = option.names.starts_with('-') && option.value.empty();
    if (is_flag) {
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
    if (option.names.starts_with('-')) given.parsed->group(option.group);
    if (option.is_required) given.parsed->required();
  }

  const Command& command_;
  std::string path_;
  CLI::App* app_;
  std::vector<std::unique_ptr<Given>> given_;
  std::vector<std::unique_ptr<ParsedCommand>> below_;
};

// Throws for a word that the command (null: the program itself) does not know.
[[noreturn]] void refuse_word(const std::string& word, const ParsedCommand* command,
                              const std::vector<Command>& commands) {
  const bool is_option = word.starts_with('-') && word.size() > 1;
  const std::vector<Command>& below = command == nullptr ? commands : command->command().commands;
  const bool names_a_command = command == nullptr || !below.empty();
  std::vector<std::string> known;
  if (is_option) {
    known = command == nullptr ? std::vector<std::string>{"--help", "--version", kStateDir}
                               : command->option_names();
  } else if (names_a_command) {
    for (const Command& each : below) known.push_back(each.name);
    if (command == nullptr) known.insert(known.end(), {"help", "version"});
  }
  const char* const problem = is_option         ? "unknown option"
                              : names_a_command ? "unknown command"
                                                : "unexpected argument";
  const std::string meant = did_you_mean(word.substr(0, word.find('=')), known);
  throw UsageError(fmt::format(
      "{} {}; {}", problem, in_quotes(word),
      meant.empty() ? see_help(command ? command->path() : "") : "did you mean " + meant + "?"));
}

// CLI11 says "--top: 1 required N missing" and "exhaustive was given a disallowed flag override".
std::string describe(const CLI::ArgumentMismatch& error) {
  const std::string text = error.what();
  if (const auto colon = text.find(':'); colon != std::string::npos) {
    return text.substr(0, colon) + " needs a value";
  }
  return "--" + text.substr(0, text.find(' ')) + " takes no value";
}

// CLI11 says "A subcommand is required" and "NAME is required".
std::string describe(const CLI::RequiredError& error) {
  const std::string text = error.what();
  if (text.starts_with("A subcommand")) return "no command given";
  return text.substr(0, text.find(' ')) + " is missing";
}

// The help, without the second empty line that CLI11 leaves before each group.
std::string help_of(const CLI::App& program) {
  std::string text = program.help();
  for (auto at = text.find("\n\n\n"); at != std::string::npos; at = text.find("\n\n\n", at)) {
    text.erase(at, 1);
  }
  return text;
}

// `topnet help trust join` is `topnet trust join --help`, and `topnet version` is --version.
std::vector<std::string> without_help_command(std::vector<std::string> words) {
  if (words.empty()) return words;
  if (words.front() == "version" && words.size() == 1) return {"--version"};
  if (words.front() != "help") return words;
  words.erase(words.begin());
  words.emplace_back("--help");
  return words;
}

}  // namespace

std::vector<Option> with_group(const std::string& group, std::vector<Option> options) {
  for (Option& option : options) option.group = group;
  return options;
}

Request parse_command_line(const std::vector<std::string>& given,
                           const std::vector<Command>& commands) {
  const std::vector<std::string> words = without_help_command(given);
  CLI::App program(kPurpose, kProgram);
  prepare(program);
  program.footer(kFooter);
  program.require_subcommand(1);
  std::vector<std::string> state_dirs;
  program.add_option(kStateDir, state_dirs)->group("")->expected(1)->allow_extra_args(false);
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
  const auto refuse_unknown_words = [&] {
    std::vector<std::string> unknown = program.remaining(true);
    // To CLI11 this word ends a subcommand; to us it means nothing.
    if (std::find(words.begin(), words.end(), "++") != words.end()) unknown.emplace_back("++");
    if (!unknown.empty()) refuse_word(unknown.front(), named(), commands);
  };

  try {
    program.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::CallForHelp&) {
    if (words != given) refuse_unknown_words();  // `topnet help nonsense`
    return help_of(program);
  } catch (const CLI::CallForVersion& version) {
    return std::string(version.what()) + '\n';
  } catch (const CLI::ArgumentMismatch& error) {
    throw UsageError(describe(error) + "; " + hint());
  } catch (const CLI::RequiredError& error) {
    refuse_unknown_words();
    throw UsageError(describe(error) + "; " + hint());
  } catch (const CLI::ParseError& error) {
    throw UsageError(proc::escape(error.what()) + "; " + hint());
  }
  refuse_unknown_words();
  named()->set_options(state_dirs);
  return &named()->command();
}

}  // namespace topnet::cmd
