#include "cmd/command_line.h"

#include "support/catch.h"

using topnet::cmd::Command;
using topnet::cmd::ExitCode;
using topnet::cmd::parse_command_line;
using topnet::cmd::UsageError;

namespace {

// Two commands; `dig` records the values of its options.
struct Fixture {
  std::string depth = "unset";
  std::string state_dir = "unset";
  bool is_quiet = false;
  std::vector<Command> commands{
      {.name = "dig",
       .summary = "Digs",
       .options = {{.names = "-d,--depth",
                    .value = "M",
                    .help = "How deep",
                    .set =
                        [this](const std::string& text) {
                          if (text == "x") throw UsageError("is not a depth");
                          depth = text;
                        }},
                   {.names = "--quiet",
                    .value = "",
                    .help = "Dig quietly",
                    .set = [this](const std::string&) { is_quiet = true; },
                    .group = "Manners"},
                   {.names = "--state-dir",
                    .value = "DIR",
                    .help = "Where",
                    .set = [this](const std::string& text) { state_dir = text; }}},
       .run = [] { return ExitCode::Done; }},
      {.name = "fill",
       .summary = "Fills",
       .options = {{.names = "PLACE",
                    .value = "",
                    .help = "What to fill",
                    .set = [](const std::string&) {},
                    .is_required = true}},
       .run = [] { return ExitCode::Done; }},
      {.name = "plan",
       .summary = "Plans",
       .options = {},
       .run = nullptr,
       .commands = {{.name = "route",
                     .summary = "Plans a route",
                     .options = {{.names = "--state-dir",
                                  .value = "DIR",
                                  .help = "Where",
                                  .set = [this](const std::string& text) { state_dir = text; }},
                                 {.names = "--short",
                                  .value = "",
                                  .help = "Prefer the short one",
                                  .set = [](const std::string&) {}}},
                     .run = [] { return ExitCode::Done; }}}}};

  std::string name_of(const std::vector<std::string>& words) const {
    return std::get<const Command*>(parse_command_line(words, commands))->name;
  }
  std::string text_of(const std::vector<std::string>& words) const {
    return std::get<std::string>(parse_command_line(words, commands));
  }
  std::string problem_of(const std::vector<std::string>& words) const {
    try {
      parse_command_line(words, commands);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "none";
  }
};

}  // namespace

TEST_CASE("CommandLine: options are set in every spelling", "[command_line]") {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"dig", "-d", "3", "--quiet"},
        {"dig", "-d3", "--quiet"},
        {"dig", "--depth", "3", "--quiet"},
        {"dig", "--quiet", "--depth=3"}}) {
    const Fixture program;
    CHECK(program.name_of(words) == "dig");
    CHECK(program.depth == "3");
    CHECK(program.is_quiet);
  }
  const Fixture program;
  CHECK(program.name_of({"dig"}) == "dig");
  CHECK(program.depth == "unset");
  CHECK_FALSE(program.is_quiet);
}

TEST_CASE("CommandLine: the last value of a repeated option is used, others are not checked",
          "[command_line]") {
  const Fixture program;
  CHECK(program.name_of({"dig", "-d", "x", "--depth", "2"}) == "dig");
  CHECK(program.depth == "2");
}

TEST_CASE("CommandLine: a value may be a single dash or a negative number", "[command_line]") {
  for (const std::string value : {"-", "-5"}) {
    const Fixture program;
    program.name_of({"dig", "-d", value});
    CHECK(program.depth == value);
  }
}

TEST_CASE("CommandLine: errors name the mistake and the next step", "[command_line]") {
  const Fixture program;
  const std::vector<std::pair<std::vector<std::string>, std::string>> mistakes{
      {{}, "no command given; see 'topnet --help'"},
      {{"dip"}, "unknown command 'dip'; did you mean dig?"},
      {{"nonsense"}, "unknown command 'nonsense'; see 'topnet --help'"},
      {{"help", "dip"}, "unknown command 'dip'; did you mean dig?"},
      {{"--depth", "3", "dig"},
       "option '--depth' must follow the command 'dig'; see 'topnet dig --help'"},
      {{"-d3", "dig"}, "option '-d3' must follow the command 'dig'; see 'topnet dig --help'"},
      {{"--depth=3"}, "option '--depth=3' must follow a command; see 'topnet --help'"},
      {{"plan", "--short", "route"},
       "option '--short' must follow the command 'plan route'; see 'topnet plan route --help'"},
      {{"plan"}, "no command given; see 'topnet plan --help'"},
      {{"fill", "a", "--depth", "3"},
       "unknown option '--depth'; --depth is an option of dig; see 'topnet fill --help'"},
      {{"dig", "--short"},
       "unknown option '--short'; --short is an option of plan route; see 'topnet dig --help'"},
      {{"dig", "--quilt"}, "unknown option '--quilt'; did you mean --quiet?"},
      {{"dig", "--built"}, "unknown option '--built'; see 'topnet dig --help'"},
      {{"dig", "--hold"}, "unknown option '--hold'; see 'topnet dig --help'"},
      {{"help", "dig", "more"}, "unexpected argument 'more'; see 'topnet dig --help'"},
      {{"plan", "help", "rout"}, "unknown command 'rout'; did you mean route?"},
      {{"version", "1"}, "unexpected argument '1'; 'topnet version' takes no argument"},
      {{"version", "--json"}, "unknown option '--json'; 'topnet version' takes no argument"},
      {{"help", "nonsense"}, "unknown command 'nonsense'; see 'topnet --help'"},
      {{"fill"}, "PLACE is missing; see 'topnet fill --help'"},
      {{"dig", "--detph=3"}, "unknown option '--detph=3'; did you mean --depth?"},
      {{"--loud"}, "unknown option '--loud'; see 'topnet --help'"},
      {{"dig", "--nope"}, "unknown option '--nope'; see 'topnet dig --help'"},
      {{"dig", "more"}, "unexpected argument 'more'; see 'topnet dig --help'"},
      {{"dig", "dig"}, "unexpected argument 'dig'; see 'topnet dig --help'"},
      {{"dig", "fill"}, "unexpected argument 'fill'; see 'topnet dig --help'"},
      {{"dig", "-d"}, "--depth needs a value; see 'topnet dig --help'"},
      {{"dig", "--quiet=3"}, "--quiet takes no value; see 'topnet dig --help'"},
      {{"dig", "-d", "x"}, "--depth 'x' is not a depth; see 'topnet dig --help'"},
      {{"dig", "\x1b[2J"}, "unexpected argument '\\x1b[2J'; see 'topnet dig --help'"},
  };
  for (const auto& [words, problem] : mistakes) {
    CHECK(program.problem_of(words) == problem);
  }
}

TEST_CASE("CommandLine: --state-dir is accepted before the command, after it, it takes precedence",
          "[command_line]") {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--state-dir", "a", "dig"},
                                                {"--state-dir=a", "dig", "--quiet"},
                                                {"--state-dir", "b", "dig", "--state-dir", "a"}}) {
    const Fixture program;
    CHECK(program.name_of(words) == "dig");
    CHECK(program.state_dir == "a");
  }
}

TEST_CASE("CommandLine: --state-dir is accepted before a subcommand, too", "[command_line]") {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"plan", "--state-dir", "a", "route"},
        {"--state-dir", "b", "plan", "--state-dir", "a", "route"},
        {"--state-dir=a", "plan", "route"},
        {"plan", "--state-dir=b", "route", "--state-dir=a"}}) {
    const Fixture program;
    CHECK(program.name_of(words) == "route");
    CHECK(program.state_dir == "a");
  }
}

TEST_CASE("CommandLine: help and version are commands", "[command_line]") {
  const Fixture program;
  CHECK(program.text_of({"help"}) == program.text_of({"--help"}));
  CHECK(program.text_of({"help", "dig"}) == program.text_of({"dig", "--help"}));
  CHECK(program.text_of({"plan", "help"}) == program.text_of({"plan", "--help"}));
  CHECK(program.text_of({"plan", "help", "route"}) == program.text_of({"plan", "route", "--help"}));
  CHECK_THAT(program.text_of({"help"}),
             Catch::Contains("\n  help ") && Catch::Contains("\n  version "));
  CHECK(program.text_of({"help", "help"}) == program.text_of({"--help"}));
  CHECK(program.text_of({"version"}) == program.text_of({"--version"}));
  CHECK(program.text_of({"--state-dir", "a", "version"}) == program.text_of({"--version"}));
}

TEST_CASE("CommandLine: help lists options and arguments, and the version is one line",
          "[command_line]") {
  const Fixture program;
  CHECK_THAT(program.text_of({"fill", "--help"}),
             Catch::Contains("PLACE") && !Catch::Contains("[PLACE]"));
  CHECK_THAT(program.text_of({"--help"}), Catch::Contains("dig") && Catch::Contains("fill"));
  CHECK_THAT(program.text_of({"dig", "--help"}), Catch::Contains("-d,--depth M") &&
                                                     Catch::Contains("Manners:") &&
                                                     Catch::Contains("--quiet"));
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"-V"}, {"--version"}, {"dig", "-V"}}) {
    CHECK_THAT(program.text_of(words), Catch::Matches("topnet [0-9.]+\n"));
  }
}
