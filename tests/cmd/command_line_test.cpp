#include "cmd/command_line.h"

#include "support/catch.h"

using topnet::cmd::Command;
using topnet::cmd::ExitCode;
using topnet::cmd::parse_command_line;
using topnet::cmd::UsageError;

namespace {

// Two commands; `dig` notes what its options were set to.
struct Program {
  std::string depth = "unset";
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
                    .set = [this](const std::string&) { is_quiet = true; }}},
       .run = [] { return ExitCode::Done; }},
      {.name = "fill", .summary = "Fills", .options = {}, .run = [] { return ExitCode::Done; }}};

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

TEST_CASE("a command is found and its options are set, in every spelling") {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"dig", "-d", "3", "--quiet"},
        {"dig", "-d3", "--quiet"},
        {"dig", "--depth", "3", "--quiet"},
        {"dig", "--quiet", "--depth=3"}}) {
    const Program program;
    CHECK(program.name_of(words) == "dig");
    CHECK(program.depth == "3");
    CHECK(program.is_quiet);
  }
}

TEST_CASE("an option that is not given is not set") {
  const Program program;
  CHECK(program.name_of({"dig"}) == "dig");
  CHECK(program.depth == "unset");
  CHECK_FALSE(program.is_quiet);
}

TEST_CASE("of an option given twice the last value counts, and only that one is judged") {
  const Program program;
  CHECK(program.name_of({"dig", "-d", "x", "--depth", "2"}) == "dig");
  CHECK(program.depth == "2");
}

TEST_CASE("a value may be a lone dash or a negative number") {
  const Program program;
  program.name_of({"dig", "-d", "-"});
  CHECK(program.depth == "-");
  program.name_of({"dig", "-d", "-5"});
  CHECK(program.depth == "-5");
}

TEST_CASE("every mistake is named, with the next step") {
  const Program program;
  const std::vector<std::pair<std::vector<std::string>, std::string>> mistakes{
      {{}, "no command given; see 'topnet --help'"},
      {{"dip"}, "unknown command 'dip'; see 'topnet --help'"},
      {{"--quiet"}, "unknown option '--quiet'; see 'topnet --help'"},
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

TEST_CASE("help names every option, and the version is a single line") {
  const Program program;
  CHECK_THAT(program.text_of({"--help"}), Catch::Contains("dig") && Catch::Contains("fill"));
  CHECK_THAT(program.text_of({"dig", "--help"}),
             Catch::Contains("-d,--depth M") && Catch::Contains("--quiet"));
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"-V"}, {"--version"}, {"dig", "-V"}}) {
    CHECK_THAT(program.text_of(words), Catch::Matches("topnet [0-9.]+\n"));
  }
}
