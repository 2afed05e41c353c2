#include "cmd/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include "base/escape.h"
#include "cmd/did_you_mean.h"

namespace topnet::cmd {
namespace {

constexpr const char* kProgram = "topnet";
constexpr const char* kPurpose =
    "Shows which processes use the CPU, on this machine or on another one.";
constexpr const char* kFooter =
    "`topnet help COMMAND` shows the options of a command, and `man topnet` explains them.";
// Every command has this option. It is also accepted before the command, and before a subcommand.
constexpr const char* kStateDir = "--state-dir";

// An option, and its values on the command line.
struct ParsedOption {
  const Option* option;
  CLI::Option* parser;
  std::vector<std::string> values;  // none for a flag; more than one only if repeatable
};

std::string in_quotes(const std::string& word) { return "'" + base::escape(word) + "'"; }

// `path` is the command: "", "scan", "trust show".
std::string see_help(const std::string& path) {
  return fmt::format("see '{}{}{} --help'", kProgram, path.empty() ? "" : " ", path);
}

void configure(CLI::App& app) {
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

// Declares --state-dir for a place before a command.
void declare_state_dir(CLI::App& app, std::vector<std::string>& values) {
  app.add_option(kStateDir, values, "The same option of every command")
      ->type_name("DIR")
      ->expected(1)
      ->allow_extra_args(false);
}

// A command and its subcommands, declared to CLI11.
class ParsedCommand {
 public:
  ParsedCommand(CLI::App& parent, const Command& command, const std::string& parent_path)
      : command_(command),
        path_(parent_path + (parent_path.empty() ? "" : " ") + command.name),
        app_(parent.add_subcommand(command.name, command.summary)) {
    app_->group("Commands");
    configure(*app_);
    for (const Option& option : command.options) declare(option);
    if (!command.commands.empty()) declare_state_dir(*app_, state_dirs_);
    app_->require_subcommand(command.run ? 0 : 1, 1);
    for (const Command& each : command.commands) {
      subcommands_.push_back(std::make_unique<ParsedCommand>(*app_, each, path_));
    }
  }

  const Command& command() const { return command_; }
  const std::string& path() const { return path_; }

  // The innermost command on the command line, this one or a subcommand; null if it names neither.
  const ParsedCommand* selected() const {
    if (!app_->parsed()) return nullptr;
    for (const auto& each : subcommands_) {
      if (const ParsedCommand* const found = each->selected()) return found;
    }
    return this;
  }

  // Calls `set` of each option of the selected command that is on the command line. `state_dirs`
  // are the values of --state-dir before this command; a later value takes precedence.
  // Of options with the same effect, such as --json and -f, the last one takes precedence.
  void set_options(const std::vector<std::string>& state_dirs) const {
    for (const auto& each : subcommands_) {
      if (!each->app_->parsed()) continue;
      return each->set_options(state_dirs_.empty() ? state_dirs : state_dirs_);
    }
    const std::vector<CLI::Option*>& order = app_->parse_order();
    std::vector<std::pair<std::ptrdiff_t, const ParsedOption*>> given;
    for (const auto& parsed : options_) {
      const auto last = std::find(order.rbegin(), order.rend(), parsed->parser);
      if (last != order.rend()) given.emplace_back(order.rend() - last, parsed.get());
      const bool is_state_dir = parsed->option->names == kStateDir;
      if (is_state_dir && !state_dirs.empty()) set(*parsed, state_dirs.back());
    }
    std::sort(given.begin(), given.end());
    for (const auto& [position, parsed] : given) {
      if (parsed->values.empty()) parsed->option->set("");
      for (const std::string& value : parsed->values) set(*parsed, value);
    }
  }

  std::vector<std::string> option_names() const {
    std::vector<std::string> names{"--help", "--version"};
    for (const auto& parsed : options_) {
      for (const std::string& name : parsed->parser->get_lnames()) names.push_back("--" + name);
    }
    return names;
  }

 private:
  void set(const ParsedOption& parsed, const std::string& value) const {
    try {
      if (value.empty() && !parsed.option->value.empty()) throw UsageError("is empty");
      parsed.option->set(value);
    } catch (const UsageError& error) {
      throw UsageError(fmt::format("{} {} {}; {}", parsed.parser->get_name(), in_quotes(value),
                                   error.what(), see_help(path_)));
    }
  }

  void declare(const Option& option) {
    options_.push_back(std::make_unique<ParsedOption>(ParsedOption{&option, nullptr, {}}));
    ParsedOption& parsed = *options_.back();
    const bool is_flag = option.names.starts_with('-') && option.value.empty();
    if (is_flag) {
      parsed.parser = app_->add_flag(option.names, option.help)->disable_flag_override();
    } else {
      parsed.parser =
          app_->add_option(option.names, parsed.values, option.help)->type_name(option.value);
      // Each occurrence of the option has exactly one value.
      parsed.parser->expected(1)->allow_extra_args(false);
      if (option.is_repeatable) {
        parsed.parser->take_all();
      } else {
        parsed.parser->take_last();
      }
    }
    if (option.names.starts_with('-')) parsed.parser->group(option.group);
    if (option.is_required) parsed.parser->required();
  }

  const Command& command_;
  std::string path_;
  CLI::App* app_;
  // Pointers, because CLI11 keeps references to the values.
  std::vector<std::unique_ptr<ParsedOption>> options_;
  std::vector<std::string> state_dirs_;  // before a subcommand
  std::vector<std::unique_ptr<ParsedCommand>> subcommands_;
};

bool has_option(const Command& command, const std::string& name) {
  return std::any_of(command.options.begin(), command.options.end(), [&](const Option& option) {
    return (',' + option.names + ',').find(',' + name + ',') != std::string::npos;
  });
}

// "--depth" for "--depth=3", "-d" for "-d3".
std::string option_name(const std::string& word) {
  return word.starts_with("--") ? word.substr(0, word.find('=')) : word.substr(0, 2);
}

// The commands that have the option, separated by commas.
std::string commands_with(const std::string& option, const std::vector<Command>& commands,
                          const std::string& parent = "") {
  std::string names;
  for (const Command& each : commands) {
    const std::string path = parent + each.name;
    const std::string subcommands = commands_with(option, each.commands, path + " ");
    for (const std::string& name : {has_option(each, option) ? path : "", subcommands}) {
      if (!name.empty()) names += (names.empty() ? "" : ", ") + name;
    }
  }
  return names;
}

// Throws UsageError if the option `word` of `command` precedes it. `command` is null as below.
void reject_misplaced_option(const std::string& word, const ParsedCommand* command,
                             const std::vector<Command>& commands) {
  const std::string name = option_name(word);
  if (command != nullptr && has_option(command->command(), name)) {
    throw UsageError(fmt::format("option {} must follow the command '{}'; {}", in_quotes(word),
                                 command->path(), see_help(command->path())));
  }
  const bool is_known = command == nullptr &&
                        std::any_of(commands.begin(), commands.end(),
                                    [&](const Command& each) { return has_option(each, name); });
  if (is_known) {
    throw UsageError(
        fmt::format("option {} must follow a command; {}", in_quotes(word), see_help("")));
  }
}

// Throws UsageError for a word that `command` does not accept. If it is null, the command line
// names no command.
[[noreturn]] void reject_word(const std::string& word, const ParsedCommand* command,
                              const std::vector<Command>& commands) {
  const bool is_option = word.starts_with('-') && word.size() > 1;
  const std::vector<Command>& subcommands =
      command == nullptr ? commands : command->command().commands;
  const bool expects_command = command == nullptr || !subcommands.empty();
  std::vector<std::string> known;
  if (is_option) {
    reject_misplaced_option(word, command, commands);
    known = command == nullptr ? std::vector<std::string>{"--help", "--version", kStateDir}
                               : command->option_names();
  } else if (expects_command) {
    for (const Command& each : subcommands) {
      known.push_back(each.name);
    }
    if (command == nullptr) known.insert(known.end(), {"help", "version"});
  }
  const char* const problem = is_option         ? "unknown option"
                              : expects_command ? "unknown command"
                                                : "unexpected argument";
  const std::string others = is_option ? commands_with(option_name(word), commands) : "";
  const std::string name = word.substr(0, word.find('='));
  std::string suggestion = others.empty() ? did_you_mean(name, known) : "";
  if (suggestion == name) suggestion.clear();  // known, but not in this place
  const std::string hint =
      others.empty() ? "" : fmt::format("{} is an option of {}; ", option_name(word), others);
  throw UsageError(fmt::format("{} {}; {}{}", problem, in_quotes(word), hint,
                               suggestion.empty() ? see_help(command ? command->path() : "")
                                                  : "did you mean " + suggestion + "?"));
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

// The help, without the second empty line that CLI11 prints before each group.
std::string help_of(const CLI::App& program) {
  std::string text = program.help();
  for (auto at = text.find("\n\n\n"); at != std::string::npos; at = text.find("\n\n\n", at)) {
    text.erase(at, 1);
  }
  return text;
}

// Throws UsageError for a word after the name of a command without subcommands: `help scan host`.
void require_command_names(const std::vector<std::string>& words,
                           const std::vector<Command>& commands) {
  const std::vector<Command>* level = &commands;
  std::string path;
  for (const std::string& word : words) {
    if (word.starts_with('-')) return;
    if (level->empty()) {
      throw UsageError(fmt::format("unexpected argument {}; {}", in_quotes(word), see_help(path)));
    }
    const auto command = std::find_if(level->begin(), level->end(),
                                      [&](const Command& each) { return each.name == word; });
    if (command == level->end()) return;  // the parser refuses it
    path += (path.empty() ? "" : " ") + word;
    level = &command->commands;
  }
}

// Turns `help trust join` and `trust help join` into `trust join --help`, and `version` into
// `--version`, also after --state-dir.
std::vector<std::string> expand_help_command(std::vector<std::string> words,
                                             const std::vector<Command>& commands) {
  if (!words.empty() && words.front().starts_with(kStateDir)) {
    const std::ptrdiff_t count = words.front() == kStateDir && words.size() > 2 ? 2 : 1;
    const auto rest = words.begin() + count;
    if (rest == words.end() || (*rest != "help" && *rest != "version")) return words;
    words.erase(words.begin(), rest);
  }
  if (words.empty()) return words;
  if (words.front() == "version") {
    words.front() = "--version";
    if (words.size() == 1) return words;
    if (words[1] == "--help" || words[1] == "-h") return {"--help"};
    throw UsageError(fmt::format(
        "{} {}; 'topnet version' takes no argument",
        words[1].starts_with('-') ? "unknown option" : "unexpected argument", in_quotes(words[1])));
  }
  const bool has_subcommands = std::any_of(
      commands.begin(), commands.end(),
      [&](const Command& each) { return each.name == words.front() && !each.commands.empty(); });
  if (has_subcommands && words.size() > 1 && words[1] == "help") std::swap(words[0], words[1]);
  if (words.front() != "help") return words;
  words.erase(words.begin());
  if (words == std::vector<std::string>{"help"} || words == std::vector<std::string>{"version"}) {
    words.clear();
  }
  require_command_names(words, commands);
  words.emplace_back("--help");
  return words;
}

}  // namespace

std::vector<Option> with_group(const std::string& group, std::vector<Option> options) {
  for (Option& option : options) option.group = group;
  return options;
}

Request parse_command_line(const std::vector<std::string>& typed,
                           const std::vector<Command>& commands) {
  const std::vector<std::string> words = expand_help_command(typed, commands);
  CLI::App program(kPurpose, kProgram);
  configure(program);
  program.footer(kFooter);
  program.require_subcommand(1);
  std::vector<std::string> state_dirs;
  declare_state_dir(program, state_dirs);
  std::vector<std::unique_ptr<ParsedCommand>> parsed;
  parsed.reserve(commands.size());
  for (const Command& command : commands) {
    parsed.push_back(std::make_unique<ParsedCommand>(program, command, ""));
  }
  const auto selected = [&]() -> const ParsedCommand* {
    for (const auto& each : parsed) {
      if (const ParsedCommand* const found = each->selected()) return found;
    }
    return nullptr;
  };
  const auto hint = [&] { return see_help(selected() ? selected()->path() : ""); };
  const auto reject_unknown_words = [&] {
    std::vector<std::string> unknown = program.remaining(true);
    // CLI11 takes this word as the end of a subcommand.
    if (std::find(words.begin(), words.end(), "++") != words.end()) unknown.emplace_back("++");
    if (!unknown.empty()) reject_word(unknown.front(), selected(), commands);
  };

  try {
    program.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::CallForHelp&) {
    if (words != typed) reject_unknown_words();  // `topnet help nonsense`
    if (!selected()) {
      program.add_subcommand("help", "Show a command's options")->group("Commands");
      program.add_subcommand("version", "Print the version")->group("Commands");
    }
    return help_of(program);
  } catch (const CLI::CallForVersion& version) {
    return std::string(version.what()) + '\n';
  } catch (const CLI::ArgumentMismatch& error) {
    throw UsageError(describe(error) + "; " + hint());
  } catch (const CLI::RequiredError& error) {
    reject_unknown_words();
    throw UsageError(describe(error) + "; " + hint());
  } catch (const CLI::ParseError& error) {
    throw UsageError(base::escape(error.what()) + "; " + hint());
  }
  reject_unknown_words();
  for (const auto& each : parsed) {
    if (each->selected()) each->set_options(state_dirs);
  }
  return &selected()->command();
}

}  // namespace topnet::cmd
