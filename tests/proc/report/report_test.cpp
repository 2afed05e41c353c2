#include "proc/report/report.h"

#include <nlohmann/json.hpp>

#include "base/escape.h"
#include "support/catch.h"

using topnet::base::escape;
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

Report report_of(std::vector<Process> processes) {
  return {.host = {.name = "web01", .boot_id = {}},
          .time = kTime,
          .clock_ticks_per_second = 100,
          .processes_seen = 213,
          .processes = std::move(processes)};
}

}  // namespace

TEST_CASE("Report: the text form is as documented", "[report]") {
  Report report = report_of({process_named("cc1plus"), {.pid = 1, .name = "a b"}});
  const std::string header =
      "# time: 2026-11-23T20:01:02.123Z\n"
      "# window: since start\n"
      "# clock ticks per second: 100\n";
  CHECK(to_text(report) ==
        "# topnet report 1\n"
        "# host: web01\n" +
            header +
            "# processes: 213 seen, 2 listed\n"
            "    PID      USER    SYSTEM     TOTAL  NAME\n"
            "   4242       812        31       843  cc1plus\n"
            "      1         0         0         0  a b\n");
  report.host.name.reset();
  report.processes.clear();
  CHECK(to_text(report) == "# topnet report 1\n" + header +
                               "# processes: 213 seen, 0 listed\n"
                               "    PID      USER    SYSTEM     TOTAL  NAME\n");
}

TEST_CASE("Report: in text a name of any bytes is the rest of its line", "[report]") {
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

TEST_CASE("Report: a window has milliseconds in text and JSON", "[report]") {
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

TEST_CASE("Report: text and JSON say why processes are hidden", "[report]") {
  Report report = report_of({process_named("a")});
  report.hidden = "this is a PID namespace (a container)";
  CHECK_THAT(to_text(report),
             Catch::Contains("\n# visibility: this is a PID namespace (a container)\n"));
  CHECK_THAT(to_json(report),
             Catch::Contains(R"-("visibility":{"hidden":true,"reason":"this is a PID namespace )-"
                             R"-((a container)"}})-"));
}

TEST_CASE("Report: text has steal time and a CPU limit if there are any", "[report]") {
  Report report = report_of({process_named("a")});
  report.steal_ticks = 0;
  CHECK_THAT(to_text(report), !Catch::Contains("steal") && !Catch::Contains("limit"));
  report.steal_ticks = 31;
  CHECK_THAT(to_text(report), Catch::Contains("\n# steal: 0.31 s\n    PID "));
  report.cpu_limit = 1.5;
  CHECK_THAT(to_text(report),
             Catch::Contains("\n# steal: 0.31 s\n# cpu limit: 1.50 CPUs\n    PID "));
}

TEST_CASE("Report: text and JSON have the accounting", "[report]") {
  Report report = report_of({process_named("a")});
  report.accounting = {.busy_ticks = 908,
                       .listed_ticks = 46,
                       .other_ticks = 308,
                       .interrupt_ticks = 1,
                       .exited_ticks = 420,
                       .unexplained_ticks = 133,
                       .exited_by_parent = {{.pid = 812, .name = "make", .ticks = 391},
                                            {.pid = 90, .name = "bash", .ticks = 28}}};
  CHECK_THAT(to_text(report),
             Catch::Contains("\n# processes: 213 seen, 1 listed\n"
                             "# cpu: 9.08 s busy = 5.1% listed + 33.9% other processes + "
                             "46.3% exited processes + 0.1% interrupts + 14.6% unexplained\n"
                             "# exited: 3.91 s children of make (812); "
                             "0.28 s children of bash (90)\n"
                             "    PID "));
  CHECK_THAT(
      to_json(report),
      Catch::Contains(R"(}],"accounting":{"busy_ticks":908,"listed_ticks":46,"other_ticks":308,)"
                      R"("exited_ticks":420,"interrupt_ticks":1,"unexplained_ticks":133,)"
                      R"("explained_ratio":0.854,"exited_by_parent":[{"pid":812,"name":"make",)"
                      R"("ticks":391},{"pid":90,"name":"bash","ticks":28}]},"visibility")"));
}

TEST_CASE("Report: unknown exited time is joined with the unexplained time", "[report]") {
  Report report = report_of({process_named("a")});
  report.accounting = {.busy_ticks = 1000,
                       .listed_ticks = 50,
                       .other_ticks = 340,
                       .interrupt_ticks = 1,
                       .unexplained_ticks = 609};
  CHECK_THAT(to_text(report),
             Catch::Contains("\n# cpu: 10.00 s busy = 5.0% listed + 34.0% other processes + "
                             "0.1% interrupts + 60.9% exited or unexplained\n    PID "));
  const auto accounting = nlohmann::json::parse(to_json(report))["accounting"];
  CHECK(accounting["exited_ticks"].is_null());
  CHECK(accounting["explained_ratio"].is_null());
  CHECK(accounting["unexplained_ticks"] == 609);
  CHECK(accounting["exited_by_parent"].empty());
}

TEST_CASE("Report: in text only shares that do not round to 0 have a sign", "[report]") {
  const auto text = [](std::uint64_t busy, std::int64_t unexplained) {
    Report report = report_of({});
    report.accounting = {.busy_ticks = busy, .exited_ticks = 0, .unexplained_ticks = unexplained};
    return to_text(report);
  };
  CHECK_THAT(text(10000, -250), Catch::Contains(" interrupts - 2.5% unexplained\n"));
  CHECK_THAT(text(10000, -4), Catch::Contains(" + 0.0% unexplained\n"));
  CHECK_THAT(text(10000, 4), Catch::Contains(" + 0.0% unexplained\n"));
  CHECK_THAT(text(0, 0),
             Catch::Contains("\n# cpu: 0.00 s busy = 0.0% listed + 0.0% other processes + "
                             "0.0% exited processes + 0.0% interrupts + 0.0% unexplained\n"));
}

TEST_CASE("Report: the JSON form has the documented keys in order", "[report]") {
  Report report = report_of({{.pid = 4242,
                              .name = "cc1plus",
                              .state = 'R',
                              .user_ticks = 812,
                              .system_ticks = 31,
                              .start_time_ticks = 990142}});
  report.host.boot_id = "b-1";
  report.cpus = 2;
  report.steal_ticks = 31;
  report.cpu_limit = 1.5;
  CHECK(to_json(report) ==
        R"({"schema":"topnet.report/1","host":"web01","boot_id":"b-1",)"
        R"("time":"2026-11-23T20:01:02.123Z","clock_ticks_per_second":100,"cpus":2,)"
        R"("window":{"kind":"since_start","seconds":null},"processes_seen":213,)"
        R"("steal_ticks":31,"cpu_limit":1.5,)"
        R"("processes":[{"rank":1,"pid":4242,"start_time_ticks":990142,"name":"cc1plus",)"
        R"("state":"R","user_ticks":812,"system_ticks":31,"cpu_ticks":843}],)"
        R"("accounting":null,"visibility":{"hidden":false,"reason":null}})"
        "\n");
}

TEST_CASE("Report: unknown values are null in JSON", "[report]") {
  Report report = report_of({});
  report.host = {};
  const auto document = nlohmann::json::parse(to_json(report));
  CHECK(document["host"].is_null());
  CHECK(document["boot_id"].is_null());
  CHECK(document["cpus"].is_null());
  CHECK(document["accounting"].is_null());
  CHECK(document["steal_ticks"].is_null());
  CHECK(document["cpu_limit"].is_null());
  CHECK(document["processes"].empty());
}

TEST_CASE("Report: a name of any bytes makes valid JSON", "[report]") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const auto document = nlohmann::json::parse(to_json(report_of({process_named(all)})));
  CHECK(document["processes"][0]["name"] == escape(all));
}

TEST_CASE("Report: the CSV form follows RFC 4180", "[report]") {
  Report report = report_of({process_named("a,\"b\""), process_named("c")});
  report.processes[1].state = 'S';
  report.processes[1].start_time_ticks = 7;
  CHECK(to_csv(report) ==
        "pid,user_ticks,system_ticks,cpu_ticks,name,state,start_time_ticks\r\n"
        "4242,812,31,843,\"a,\"\"b\"\"\",,0\r\n"
        "4242,812,31,843,c,S,7\r\n");
}

TEST_CASE("Report: no name is a formula in CSV", "[report]") {
  const std::vector<std::pair<std::string, std::string>> cells{
      {"=1+1", "'=1+1"},     {"+a", "'+a"},  {"-a", "'-a"},       {"@a", "'@a"},
      {"=a,b", "\"'=a,b\""}, {"a=b", "a=b"}, {"\t=1", "\\x09=1"}, {"", ""}};
  for (const auto& [raw, cell] : cells) {
    CAPTURE(raw);
    CHECK_THAT(to_csv(report_of({process_named(raw)})), Catch::Contains(",843," + cell + ",,0"));
  }
}
