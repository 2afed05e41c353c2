#include "proc/report.h"

#include <nlohmann/json.hpp>

#include "proc/escape.h"
#include "support/catch.h"

using topnet::proc::escape;
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

TEST_CASE("Report: in text a name is the rest of its line, whatever it is", "[report]") {
  const std::string columns = "   4242       812        31       843  ";
  for (const auto& [raw, name] : std::vector<std::pair<std::string, std::string>>{
           {"", ""},
           {" ", " "},
           {"  two blanks first", "  two blanks first"},
           {"ends blank ", "ends blank "},
           {"# topnet report 1", "# topnet report 1"},
           {"a) S 1", "a) S 1"},
           {"new\nline", R"(new\x0aline)"},
           {"\x1b]0;x", R"(\x1b]0;x)"},
           {"\\x41", R"(\\x41)"},
           {"\u202e", R"(\xe2\x80\xae)"},
           {"naïve", "naïve"}}) {
    CAPTURE(raw);
    CHECK_THAT(to_text(report_of({process_named(raw), process_named("next")})),
               Catch::EndsWith("  NAME\n" + columns + name + "\n" + columns + "next\n"));
  }
}

TEST_CASE("Report: in text figures wider than their columns stay apart", "[report]") {
  const Report report = report_of(
      {{.pid = 2147483647, .name = "x", .user_ticks = 1ULL << 62U, .system_ticks = 1ULL << 62U}});
  CHECK_THAT(to_text(report), Catch::EndsWith("\n2147483647 4611686018427387904 "
                                              "4611686018427387904 9223372036854775808  x\n"));
}

TEST_CASE("Report: text without a host name and without processes", "[report]") {
  Report report = report_of({});
  report.host.name.reset();
  CHECK(to_text(report) ==
        "# topnet report 1\n"
        "# time: 2026-11-23T20:01:02.123Z\n"
        "# window: since start\n"
        "# clock ticks per second: 100\n"
        "# processes: 213 seen, 0 listed\n"
        "    PID      USER    SYSTEM     TOTAL  NAME\n");
}

TEST_CASE("a window is said to the millisecond") {
  for (const auto& [milliseconds, line] : std::vector<std::pair<int, std::string>>{
           {10, "0.010 s"}, {300, "0.300 s"}, {1000, "1.000 s"}, {3600000, "3600.000 s"}}) {
    Report report = report_of({process_named("a")});
    report.window = std::chrono::milliseconds(milliseconds);
    CHECK_THAT(to_text(report), Catch::Contains("\n# window: " + line + "\n"));
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
  const auto accounting = nlohmann::json::parse(to_json(report))["accounting"];
  CHECK(accounting["ended_ticks"].is_null());
  CHECK(accounting["explained_ratio"].is_null());
  CHECK(accounting["unexplained_ticks"] == 609);
  CHECK(accounting["ended_by_parent"].empty());
}

TEST_CASE("Report: a negative rest has a sign in text, one that rounds to 0 has none", "[report]") {
  const auto text = [](std::int64_t unexplained) {
    Report report = report_of({});
    report.accounting = {.busy_ticks = 10000,
                         .listed_ticks = 0,
                         .other_ticks = 0,
                         .interrupt_ticks = 0,
                         .ended_ticks = 0,
                         .unexplained_ticks = unexplained,
                         .ended_by_parent = {}};
    return to_text(report);
  };
  CHECK_THAT(text(-250), Catch::Contains(" + -2.5% unexplained\n"));
  CHECK_THAT(text(-4), Catch::Contains(" + 0.0% unexplained\n"));
  CHECK_THAT(text(4), Catch::Contains(" + 0.0% unexplained\n"));
}

TEST_CASE("Report: a machine that was not busy has shares of 0 in text", "[report]") {
  Report report = report_of({});
  report.accounting = {.busy_ticks = 0,
                       .listed_ticks = 0,
                       .other_ticks = 0,
                       .interrupt_ticks = 0,
                       .ended_ticks = 0,
                       .unexplained_ticks = 0,
                       .ended_by_parent = {}};
  CHECK_THAT(to_text(report),
             Catch::Contains("\n# cpu: 0.00 s busy = 0.0% listed + 0.0% other processes + "
                             "0.0% ended processes + 0.0% interrupts + 0.0% unexplained\n"));
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
