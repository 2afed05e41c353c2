#include "proc/stat.h"

#include "support/catch.h"
#include "support/proc_tree.h"

using topnet::proc::parse_stat;
using topnet::proc::Process;
using topnet::test::stat_line;

TEST_CASE("Stat: the fields of a stat line are parsed", "[stat]") {
  const auto process = parse_stat(
      "4242 (cc1plus) R 4241 4242 812 34816 4242 4194304 9124 0 12 0 812 31 5 6 20 0 1 0 990142 "
      "172466176 3017 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0\n");
  CHECK(process == Process{.pid = 4242,
                           .name = "cc1plus",
                           .state = 'R',
                           .user_ticks = 812,
                           .system_ticks = 31,
                           .start_time_ticks = 990142,
                           .parent = 4241,
                           .children_ticks = 11});
}

TEST_CASE("Stat: the name reaches from the first parenthesis to the last", "[stat]") {
  for (const std::string comm :
       {"a) R 1", "(", ")", ")) S 1 (", "", " ", "  blank first", "a (b) c", "1 (x) S 1 1 1 1"}) {
    CAPTURE(comm);
    const auto process = parse_stat(stat_line({.pid = 7, .comm = comm, .user_ticks = 3}));
    REQUIRE(process);
    CHECK(process->pid == 7);
    CHECK(process->name == comm);
    CHECK(process->user_ticks == 3);
  }
}

TEST_CASE("Stat: the name is escaped", "[stat]") {
  CHECK(parse_stat(stat_line({.comm = "\x1b]0;x) S 1"}))->name == "\\x1b]0;x) S 1");
  CHECK(parse_stat(stat_line({.comm = "two\nlines"}))->name == "two\\x0alines");
  CHECK(parse_stat(stat_line({.comm = std::string(64, '\xff')}))->name.size() == 256);
}

TEST_CASE("Stat: 64-bit numbers are exact", "[stat]") {
  const auto process = parse_stat(stat_line({.user_ticks = 5'000'000'000,
                                             .system_ticks = 6'000'000'000,
                                             .start_time_ticks = 18'446'744'073'709'551'615U,
                                             .children_user_ticks = 7'000'000'000,
                                             .children_system_ticks = 8'000'000'000}));
  CHECK(process->cpu_ticks() == 11'000'000'000);
  CHECK(process->children_ticks == 15'000'000'000);
  CHECK(process->start_time_ticks == 18'446'744'073'709'551'615U);
}

TEST_CASE("Stat: a line truncated up to the end of the start time is refused", "[stat]") {
  const std::string line = stat_line({.pid = 12, .comm = "worker", .start_time_ticks = 345});
  const std::size_t end_of_start_time = line.find(" 345 ") + 4;
  for (std::size_t length = 0; length <= end_of_start_time; ++length) {
    CAPTURE(length);
    CHECK_FALSE(parse_stat(line.substr(0, length)));
  }
  CHECK(parse_stat(line.substr(0, end_of_start_time + 1)));
}

TEST_CASE("Stat: a process is not hidden for an invalid field that identifies nothing", "[stat]") {
  const auto parse = [](const std::string& state, const std::string& parent,
                        const std::string& children) {
    return parse_stat("500 (worker) " + state + " " + parent + " 500 500 0 -1 4194304 1 0 0 0 " +
                      "7700 33 " + children + " 20 0 1 0 1000 0\n");
  };
  const Process known{.pid = 500,
                      .name = "worker",
                      .state = 'R',
                      .user_ticks = 7700,
                      .system_ticks = 33,
                      .start_time_ticks = 1000,
                      .parent = 1,
                      .children_ticks = 0};
  for (const char* const children :
       {"-1 -5", "-1 0", "-9223372036854775808 -1", "18446744073709551615 x",
        "4611686018427387905 99999999999999999999"}) {
    CAPTURE(children);
    CHECK(parse("R", "1", children) == known);
  }
  CHECK(parse("R", "1", "-1 5")->children_ticks == 5);
  for (const char* const parent : {"x", "", "2147483648"}) {
    CAPTURE(parent);
    CHECK(parse("R", parent, "0 0")->parent == 0);
  }
  for (const char* const state : {"", "SS", "?", "\xff"}) {
    CAPTURE(state);
    CHECK(parse(state, "1", "0 0")->state == 0);
  }
}

TEST_CASE("Stat: a field that is not a number is refused", "[stat]") {
  for (const std::string_view text : {
           "x (a) S 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n",
           "0 (a) S 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n",
           "-1 (a) S 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n",
           "1 (a) S 1 1 1 1 1 1 1 1 1 1 x 1 1 1 1 1 1 1 1\n",
           "1 (a) S 1 1 1 1 1 1 1 1 1 1 -1 1 1 1 1 1 1 1 1\n",
           "1 (a) S 1 1 1 1 1 1 1 1 1 1 1 18446744073709551616 1 1 1 1 1 1 1",
           "1 (a) S 1 1 1 1 1 1 1 1 1 1 1 18446744073709551615 1 1 1 1 1 1 1",
           "1 (a) S 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1x\n",
           "1 a S 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n",
           "1 )a( S 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n",
       }) {
    CAPTURE(text);
    CHECK_FALSE(parse_stat(text));
  }
  CHECK(parse_stat("1 (a) S 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n"));
}
