#include "proc/report.h"

#include <nlohmann/json.hpp>

#include "proc/escape.h"
#include "support/catch.h"

using topnet::proc::escape;
using topnet::proc::parse_text;
using topnet::proc::Process;
using topnet::proc::Report;
using topnet::proc::to_csv;
using topnet::proc::to_json;
using topnet::proc::to_text;

namespace {

// 2026-11-23T20:01:02.123Z
const std::chrono::sys_time<std::chrono::milliseconds> kTime{
    std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} + std::chrono::hours{20} +
    std::chrono::minutes{1} + std::chrono::milliseconds{2123}};

Process process_named(const std::string& raw) {
  return {.pid = 4242, .name = escape(raw), .user_ticks = 812, .system_ticks = 31};
}

// A report with all that the text carries.
Report report_of(std::vector<Process> processes) {
  return {.host = {.name = "web01", .boot_id = {}},
          .time = kTime,
          .clock_ticks_per_second = 100,
          .processes_seen = 213,
          .processes = std::move(processes)};
}

std::string replaced(std::string text, const std::string& old, const std::string& with) {
  const auto at = text.find(old);
  REQUIRE(at != std::string::npos);
  return text.replace(at, old.size(), with);
}

}  // namespace

TEST_CASE("the text form is the documented one, to the byte") {
  CHECK(to_text(report_of({process_named("cc1plus"), {.pid = 1, .name = "a b"}})) ==
        "# topnet report 1\n"
        "# host: web01\n"
        "# time: 2026-11-23T20:01:02.123Z\n"
        "# window: since start\n"
        "# clock ticks per second: 100\n"
        "# processes: 213 seen, 2 listed\n"
        "    PID      USER    SYSTEM     TOTAL  NAME\n"
        "   4242       812        31       843  cc1plus\n"
        "      1         0         0         0  a b\n");
}

TEST_CASE("a text report can be read back, whatever the names are") {
  for (const std::string raw :
       {"", " ", "  two blanks first", "ends blank ", "# topnet report 1", "a) S 1", "new\nline",
        "\x1b]0;x", "\\", "\\x41", "\u202e", "1 2 3", "naïve"}) {
    CAPTURE(raw);
    const Report report = report_of({process_named(raw), process_named("next")});
    CHECK(parse_text(to_text(report)) == report);
  }
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const Report report = report_of({process_named(all), process_named(std::string(64, '\xff'))});
  CHECK(parse_text(to_text(report)) == report);
}

TEST_CASE("figures wider than their columns stay apart and are read back") {
  const Report report = report_of(
      {{.pid = 2147483647, .name = "x", .user_ticks = 1ULL << 62U, .system_ticks = 1ULL << 62U}});
  CHECK(parse_text(to_text(report)) == report);
}

TEST_CASE("a report without a host name, and one without processes, are read back") {
  Report report = report_of({});
  report.host.name.reset();
  CHECK(parse_text(to_text(report)) == report);
  report.host.name = "";
  CHECK(parse_text(to_text(report)) == report);
}

TEST_CASE("a window is said to the millisecond, and read back") {
  for (const auto& [milliseconds, line] : std::vector<std::pair<int, std::string>>{
           {10, "0.010 s"}, {300, "0.300 s"}, {1000, "1.000 s"}, {3600000, "3600.000 s"}}) {
    Report report = report_of({process_named("a")});
    report.window = std::chrono::milliseconds(milliseconds);
    CHECK_THAT(to_text(report), Catch::Contains("\n# window: " + line + "\n"));
    CHECK(parse_text(to_text(report)) == report);
    const auto window = nlohmann::json::parse(to_json(report))["window"];
    CHECK(window["kind"] == "interval");
    CHECK(window["seconds"] == milliseconds / 1000.0);
  }
}

TEST_CASE("why processes are hidden stands in the text, and in JSON") {
  Report report = report_of({process_named("a")});
  report.hidden = "this is a PID namespace (a container)";
  CHECK_THAT(to_text(report),
             Catch::Contains("\n# visibility: this is a PID namespace (a container)\n"));
  CHECK(parse_text(to_text(report)) == report);
  CHECK_THAT(to_json(report),
             Catch::Contains(R"-("visibility":{"hidden":true,"reason":"this is a PID namespace )-"
                             R"-((a container)"}})-"));
}

TEST_CASE("the accounting stands in the text, and in JSON") {
  Report report = report_of({process_named("a")});
  report.accounting = {.busy_ticks = 908,
                       .listed_ticks = 46,
                       .other_ticks = 308,
                       .interrupt_ticks = 1,
                       .ended_ticks = 420,
                       .unexplained_ticks = 133,
                       .ended_by_parent = {{.pid = 812, .name = "make", .ticks = 391},
                                           {.pid = 90, .name = "bash", .ticks = 28}}};
  CHECK_THAT(to_text(report),
             Catch::Contains("\n# processes: 213 seen, 1 listed\n"
                             "# cpu: 9.08 s busy = 5.1% listed + 33.9% other processes + "
                             "46.3% ended processes + 0.1% interrupts + 14.6% unexplained\n"
                             "# ended: 3.91 s children of make (812); "
                             "0.28 s children of bash (90)\n"
                             "    PID "));
  CHECK_THAT(
      to_json(report),
      Catch::Contains(R"(}],"accounting":{"busy_ticks":908,"listed_ticks":46,"other_ticks":308,)"
                      R"("ended_ticks":420,"interrupt_ticks":1,"unexplained_ticks":133,)"
                      R"("explained_ratio":0.854,"ended_by_parent":[{"pid":812,"name":"make",)"
                      R"("ticks":391},{"pid":90,"name":"bash","ticks":28}]},"visibility")"));
  // Shares of so little have all that the ticks say.
  CHECK(parse_text(to_text(report)) == report);
}

TEST_CASE("an accounting in which the ended are not told apart says so") {
  Report report = report_of({process_named("a")});
  report.accounting = {.busy_ticks = 1000,
                       .listed_ticks = 50,
                       .other_ticks = 340,
                       .interrupt_ticks = 1,
                       .ended_ticks = {},
                       .unexplained_ticks = 609,
                       .ended_by_parent = {}};
  CHECK_THAT(to_text(report),
             Catch::Contains("\n# cpu: 10.00 s busy = 5.0% listed + 34.0% other processes + "
                             "0.1% interrupts + 60.9% ended or unexplained\n    PID "));
  CHECK(parse_text(to_text(report)) == report);
  const auto accounting = nlohmann::json::parse(to_json(report))["accounting"];
  CHECK(accounting["ended_ticks"].is_null());
  CHECK(accounting["explained_ratio"].is_null());
  CHECK(accounting["unexplained_ticks"] == 609);
  CHECK(accounting["ended_by_parent"].empty());
}

TEST_CASE("header lines that are not known are skipped") {
  const Report report = report_of({process_named("a")});
  const std::string later = replaced(to_text(report), "    PID", "# colour: blue\n# \n    PID");
  CHECK(parse_text(later) == report);
}

TEST_CASE("what is not a whole report is refused") {
  const std::string whole = to_text(report_of({process_named("a"), process_named("b")}));
  REQUIRE(parse_text(whole));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    if (parse_text(whole.substr(0, length))) {
      CAPTURE(length);
      FAIL("a cut report was taken for a whole one");
    }
  }
  CHECK_FALSE(parse_text(whole + "\n"));
  CHECK_FALSE(parse_text(whole + "      1         0         0         0  c\n"));
  const std::vector<std::pair<std::string, std::string>> changes{
      {"report 1", "report 2"},
      {"2026-11", "2026-13"},
      {"2026-11-23", "2026-02-29"},
      {"T20", "T24"},
      {":01:", ":60:"},
      {".123Z", ".123"},
      {"since start", "since"},
      {"since start", "1 s"},
      {"since start", "1.00 s"},
      {"since start", "1.0000 s"},
      {"since start", "1.000"},
      {"since start", "-1.000 s"},
      {"since start", ".000 s"},
      {"since start", "1.-01 s"},
      {"second: 100", "second: x"},
      {"213 seen", "-1 seen"},
      {"2 listed", "3 listed"},
      {"2 listed", "2 listed and more"},
      {"2 listed", "2"},
      {"web01", "web\x1b"},
      {"SYSTEM", "KERNEL"},
      {"843", "844"},
      {"   4242", "      0"},
      {"   4242", "     -1"},
      {"  a\n", "  \x1b\n"},
      {"  a\n", "  \\x41\n"},
      {"  a\n", "\n"},
      {"# time", "# emit"},
  };
  for (const auto& [old, with] : changes) {
    CAPTURE(old, with);
    CHECK_FALSE(parse_text(replaced(whole, old, with)));
  }
}

TEST_CASE("the JSON form has the documented keys, in their order") {
  Report report = report_of({{.pid = 4242,
                              .name = "cc1plus",
                              .state = 'R',
                              .user_ticks = 812,
                              .system_ticks = 31,
                              .start_time_ticks = 990142}});
  report.host.boot_id = "b-1";
  report.cpus = 2;
  CHECK(to_json(report) ==
        R"({"schema":"topnet.report/1","host":"web01","boot_id":"b-1",)"
        R"("time":"2026-11-23T20:01:02.123Z","clock_ticks_per_second":100,"cpus":2,)"
        R"("window":{"kind":"since_start","seconds":null},"processes_seen":213,)"
        R"("processes":[{"rank":1,"pid":4242,"start_time_ticks":990142,"name":"cc1plus",)"
        R"("state":"R","user_ticks":812,"system_ticks":31,"cpu_ticks":843}],)"
        R"("accounting":null,"visibility":{"hidden":false,"reason":null}})"
        "\n");
}

TEST_CASE("what is not known is null in JSON") {
  Report report = report_of({});
  report.host = {};
  const auto document = nlohmann::json::parse(to_json(report));
  CHECK(document["host"].is_null());
  CHECK(document["boot_id"].is_null());
  CHECK(document["cpus"].is_null());
  CHECK(document["accounting"].is_null());
  CHECK(document["processes"].empty());
}

TEST_CASE("a name of any bytes makes valid JSON and is the same text there") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const auto document = nlohmann::json::parse(to_json(report_of({process_named(all)})));
  CHECK(document["processes"][0]["name"] == escape(all));
}

TEST_CASE("the CSV form is RFC 4180") {
  Report report = report_of({process_named("a,\"b\""), process_named("c")});
  report.processes[1].state = 'S';
  report.processes[1].start_time_ticks = 7;
  CHECK(to_csv(report) ==
        "pid,user_ticks,system_ticks,cpu_ticks,name,state,start_time_ticks\r\n"
        "4242,812,31,843,\"a,\"\"b\"\"\",,0\r\n"
        "4242,812,31,843,c,S,7\r\n");
}

TEST_CASE("no name becomes a formula in a spreadsheet") {
  const std::vector<std::pair<std::string, std::string>> cells{
      {"=1+1", "'=1+1"},     {"+a", "'+a"},  {"-a", "'-a"},       {"@a", "'@a"},
      {"=a,b", "\"'=a,b\""}, {"a=b", "a=b"}, {"\t=1", "\\x09=1"}, {"", ""}};
  for (const auto& [raw, cell] : cells) {
    CAPTURE(raw);
    CHECK_THAT(to_csv(report_of({process_named(raw)})), Catch::Contains(",843," + cell + ",,0"));
  }
}
