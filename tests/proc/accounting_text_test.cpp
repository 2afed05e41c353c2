#include "proc/accounting_text.h"

#include "proc/escape.h"
#include "support/catch.h"
#include "support/dice.h"

using topnet::proc::Accounting;
using topnet::proc::EndedChildren;
using topnet::proc::escape;
using topnet::proc::parse_cpu_line;
using topnet::proc::parse_ended_line;
using topnet::proc::to_cpu_line;
using topnet::proc::to_ended_line;
using topnet::test::Dice;

namespace {

const std::string kLine =
    "9.08 s busy = 5.1% listed + 33.9% other processes + 46.3% ended processes + "
    "0.1% interrupts + 14.6% unexplained";
const std::string kShortLine =
    "9.08 s busy = 5.1% listed + 33.9% other processes + 0.1% interrupts + "
    "60.9% ended or unexplained";
const std::string kParents = "3.91 s children of make (812); 0.28 s children of bash (90)";

std::string replaced(std::string text, const std::string& old, const std::string& with) {
  const auto at = text.find(old);
  REQUIRE(at != std::string::npos);
  return text.replace(at, old.size(), with);
}

Accounting draw_accounting(Dice& dice) {
  const std::uint64_t most =
      dice.one_of<std::uint64_t>({1, 10, 1000, 1001, 2000, 100000, 10'000'000'000});
  Accounting accounting{.busy_ticks = dice.below(most),
                        .listed_ticks = dice.below(most),
                        .other_ticks = dice.below(most),
                        .interrupt_ticks = dice.below(most),
                        .ended_ticks = {},
                        .ended_by_parent = {}};
  accounting.unexplained_ticks =
      static_cast<std::int64_t>(dice.below(most)) - static_cast<std::int64_t>(most / 2);
  if (dice.one_in(2)) accounting.ended_ticks = dice.below(most);
  return accounting;
}

// Of bytes that a name needs to look like the line around it.
std::string draw_name(Dice& dice, std::size_t most) {
  static const std::vector<std::string> parts{"a",  " ",  "(",    ")", ";",  "1",  ".",    "0",
                                              "; ", ") ", " (1)", "%", "\\", "\n", "\xff", "é"};
  std::string name;
  while (name.size() < most && !dice.one_in(8)) name += dice.any_of(parts);
  return name.substr(0, most);
}

}  // namespace

TEST_CASE("a negative rest is said as such, and one that rounds to nothing has no sign") {
  const auto line = [](std::int64_t unexplained) {
    return to_cpu_line({.busy_ticks = 10000,
                        .listed_ticks = 0,
                        .other_ticks = 0,
                        .interrupt_ticks = 0,
                        .ended_ticks = 0,
                        .unexplained_ticks = unexplained,
                        .ended_by_parent = {}},
                       100);
  };
  CHECK_THAT(line(-250), Catch::EndsWith(" + -2.5% unexplained"));
  CHECK_THAT(line(-4), Catch::EndsWith(" + 0.0% unexplained"));
  CHECK_THAT(line(4), Catch::EndsWith(" + 0.0% unexplained"));
  CHECK(parse_cpu_line(line(-250), 100)->unexplained_ticks == -250);
}

TEST_CASE("what the line of shares says is read back, and printed again as the same line") {
  for (std::uint32_t seed = 1; seed <= 20000; ++seed) {
    Dice dice(seed);
    const std::string line = to_cpu_line(draw_accounting(dice), 100);
    const auto read = parse_cpu_line(line, 100);
    CAPTURE(seed, line);
    if (!read) FAIL("it is not read");
    if (to_cpu_line(*read, 100) != line) FAIL("another line is made of it");
  }
}

TEST_CASE("with other ticks than hundredths of a second, what was read is the same ever after") {
  for (std::uint32_t seed = 1; seed <= 20000; ++seed) {
    Dice dice(seed);
    const auto ticks_per_second = dice.one_of<std::uint32_t>({1, 64, 250, 1000, 1'000'000});
    const std::string line = to_cpu_line(draw_accounting(dice), ticks_per_second);
    const auto read = parse_cpu_line(line, ticks_per_second);
    CAPTURE(seed, ticks_per_second, line);
    if (!read) FAIL("it is not read");
    if (parse_cpu_line(to_cpu_line(*read, ticks_per_second), ticks_per_second) != read) {
      FAIL("it does not stay what it is");
    }
  }
}

TEST_CASE("figures that are busy for a million years are read back") {
  const Accounting accounting{.busy_ticks = 900'000'000'000'000,
                              .listed_ticks = 450'000'000'000'000,
                              .other_ticks = 0,
                              .interrupt_ticks = 0,
                              .ended_ticks = 450'000'000'000'000,
                              .ended_by_parent = {}};
  CHECK(parse_cpu_line(to_cpu_line(accounting, 100), 100) == accounting);
}

TEST_CASE("a line of shares that is cut or changed is refused") {
  for (const std::string& line : {kLine, kShortLine}) {
    REQUIRE(parse_cpu_line(line, 100));
    for (std::size_t length = 0; length < line.size(); ++length) {
      CAPTURE(line.substr(0, length));
      CHECK_FALSE(parse_cpu_line(line.substr(0, length), 100));
    }
    for (const auto& [old, with] : std::vector<std::pair<std::string, std::string>>{
             {"9.08 s", "9.08s"},
             {"9.08", "9.1"},
             {"9.08", "9"},
             {"9.08", "-9.08"},
             {"9.08", "+9.08"},
             {"9.08", "9.080"},
             {"9.08", "x.08"},
             {"9.08", "nan"},
             {"9.08", "inf"},
             {"9.08", "9e2.08"},
             {"9.08", "0x9.08"},
             {"9.08", "10000000000000001.00"},
             {"busy", "idle"},
             {"5.1%", "5.1 %"},
             {"5.1%", "-5.1%"},
             {"5.1%", "5%"},
             {"5.1%", "5.12%"},
             {"5.1%", "1e1%"},
             {"listed + ", "listed"},
             {"33.9%", "-33.9%"},
             {"0.1%", "-0.1%"},
             {"33.9%", "%"},
             {"other", "others"},
             {"interrupts", "irqs"},
             {" + ", " - "},
             {"unexplained", "unexplained + "},
             {"unexplained", "unexplained + 0.0% lost"},
             {"unexplained", "unexplained "}}) {
      CAPTURE(line, old, with);
      CHECK_FALSE(parse_cpu_line(replaced(line, old, with), 100));
    }
  }
  CHECK_FALSE(parse_cpu_line(replaced(kLine, "46.3%", "-46.3%"), 100));
  CHECK_FALSE(parse_cpu_line(replaced(kLine, "unexplained", "ended or unexplained"), 100));
  CHECK_FALSE(parse_cpu_line(replaced(kShortLine, "ended or unexplained", "unexplained"), 100));
}

TEST_CASE("parents are read back, whatever a kernel lets them call themselves") {
  for (const std::string raw :
       {"", " ", "a); 1.00 s ch", " (1)", "(1); 0.01 s", "; ", "); ", ") (", " (1); ", "x (1)",
        "\n", "\\", "0.01 s children", " s children of ", "é\xff"}) {
    const std::vector<EndedChildren> parents{{812, escape(raw), 391}, {90, escape(raw), 28}};
    CAPTURE(raw);
    CHECK(parse_ended_line(to_ended_line(parents, 100), 100) == parents);
  }
  for (std::uint32_t seed = 1; seed <= 20000; ++seed) {
    Dice dice(seed);
    std::vector<EndedChildren> parents(1 + dice.below(5));
    for (EndedChildren& each : parents) {
      each = {.pid = static_cast<pid_t>(1 + dice.below(100000)),
              .name = escape(draw_name(dice, 15)),
              .ticks = dice.below(100000)};
    }
    const std::string line = to_ended_line(parents, 100);
    CAPTURE(seed, line);
    if (parse_ended_line(line, 100) != parents) FAIL("others are read");
  }
}

TEST_CASE("names longer than a kernel's may be taken for two, but the line stays the same") {
  for (const std::string name :
       {"x); 1.00 s children of y", "x (5); 1.00 s children of y", "x (5); 1 s children of y"}) {
    const std::string line = to_ended_line({{7, name, 3}, {8, "z", 2}}, 100);
    const auto parents = parse_ended_line(line, 100);
    CAPTURE(name);
    REQUIRE(parents);
    CHECK(to_ended_line(*parents, 100) == line);
  }
}

TEST_CASE("a line of parents that is cut or changed is refused") {
  REQUIRE(parse_ended_line(kParents, 100));
  const std::size_t end_of_first = kParents.find(';');
  for (std::size_t length = 1; length < kParents.size(); ++length) {
    if (length == end_of_first) continue;  // that is a whole line of one parent
    CAPTURE(kParents.substr(0, length));
    CHECK_FALSE(parse_ended_line(kParents.substr(0, length), 100));
  }
  for (const auto& [old, with] :
       std::vector<std::pair<std::string, std::string>>{{"3.91", "3.9"},
                                                        {"3.91", "-3.91"},
                                                        {"3.91", "x"},
                                                        {"(90)", "(0)"},
                                                        {"(90)", "(-1)"},
                                                        {"(90)", "(2147483648)"},
                                                        {"(90)", "(90"},
                                                        {"(90)", "90)"},
                                                        {"(90)", "(90) "},
                                                        {"(90)", "(90); "},
                                                        {" (90)", "(90)"},
                                                        {"make", "ma\x1bke"},
                                                        {"bash", "\\x41"},
                                                        {"bash", "\\"},
                                                        {"children", "kids"}}) {
    CAPTURE(old, with);
    CHECK_FALSE(parse_ended_line(replaced(kParents, old, with), 100));
  }
}
