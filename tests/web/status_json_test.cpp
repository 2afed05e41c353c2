#include "web/status_json.h"

#include "support/catch.h"
#include "support/status.h"

using namespace topnet::web;
using topnet::test::busy_status;

TEST_CASE("StatusJson: the document has the documented keys in order", "[status_json]") {
  CHECK(
      to_json(busy_status()) ==
      R"({"schema":"topnet.status/1",)"
      R"("server":{"version":"0.1.0","host":"web01","pid":77,)"
      R"("started":"2026-11-23T20:01:02.123Z","tls":true,"listen":["[::]:8676"]},)"
      R"("connections":[{"id":12,"peer":"127.0.0.1:41234","client":"local",)"
      R"("since":"2026-11-23T20:01:03.123Z","state":"idle","requests":1},)"
      R"({"id":13,"peer":"[2001:db8::1]:5","client":null,)"
      R"("since":"2026-11-23T20:01:04.123Z","state":"handshake","requests":0}],)"
      R"("reports":[{"time":"2026-11-23T20:01:04.123Z","in_future":false,"client":"local",)"
      R"("peer":"127.0.0.1:41234","host":"db1","pid":4121,"name":"postgres",)"
      R"("window":{"kind":"since_start","seconds":null},)"
      R"("user_ticks":812,"system_ticks":31,"cpu_ticks":843}],)"
      R"("counters":{"accepted":38,"completed":1,"refused_busy":2,"refused_auth":3,)"
      R"("handshake_failed":4,"timed_out":5,"protocol_error":6,"peer_gone":7,)"
      R"("internal_error":8,"active":2},)"
      R"("work":{"scans":2,"reports_sent":10,"client_reports_received":9,"accept_errors":11,"thread_errors":12,)"
      R"("open_fds":14,"threads":6},"time":"2026-11-23T20:01:12.123Z",)"
      R"("host":{"time":"2026-11-23T20:01:08.123Z","window":{"kind":"interval","seconds":2.0},)"
      R"("clock_ticks_per_second":100,"cpus":2,"processes_seen":213,"capacity_ticks":400,"busy_ticks":300,)"
      R"("accounting":{"busy_ticks":300,"listed_ticks":200,"other_ticks":40,"exited_ticks":50,)"
      R"("interrupt_ticks":8,"unexplained_ticks":2,"explained_ratio":0.993,)"
      R"("exited_by_parent":[{"pid":7,"name":"sh","ticks":50}]},)"
      R"("processes":[{"rank":1,"pid":4242,"start_time_ticks":990142,"name":"cc1plus","state":"R",)"
      R"("user_ticks":190,"system_ticks":10,"cpu_ticks":200}],"hidden":null,"monitor_cost":0.00042},)"
      R"("history":[{"time":"2026-11-23T20:00:38.123Z","seconds":2.0,"capacity_ticks":400,"busy_ticks":40,)"
      R"("listed_ticks":30,"other_ticks":11,"exited_ticks":0,"interrupt_ticks":0,"unexplained_ticks":-1},)"
      R"({"time":"2026-11-23T20:01:08.123Z","seconds":2.0,"capacity_ticks":400,"busy_ticks":300,)"
      R"("listed_ticks":200,"other_ticks":40,"exited_ticks":50,"interrupt_ticks":8,"unexplained_ticks":2}],)"
      R"("clients":[{"client":"local","reports":[{"time":"2026-11-23T20:01:04.123Z","in_future":false,"host":"db1",)"
      R"("pid":4121,"name":"postgres","window":{"kind":"since_start","seconds":null},"user_ticks":812,)"
      R"("system_ticks":31,"cpu_ticks":843,"clock_ticks_per_second":100},)"
      R"({"time":"2026-11-23T19:59:04.123Z","in_future":false,"host":"db1","pid":4121,"name":"make",)"
      R"("window":{"kind":"interval","seconds":2.0},"user_ticks":812,"system_ticks":31,"cpu_ticks":843,)"
      R"("clock_ticks_per_second":100}]}]})"
      "\n");
}

TEST_CASE("StatusJson: unknown values are null, and empty lists are arrays", "[status_json]") {
  Status status;
  status.reports.push_back({.time = {}, .client = {}, .peer = "p", .busiest = {}});
  const std::string json = to_json(status);
  CHECK_THAT(json, Catch::Contains(R"("host":null,"pid":0,)"));
  CHECK_THAT(json, Catch::Contains(R"("connections":[],)"));
  CHECK_THAT(json, Catch::Contains(R"("client":null,"peer":"p","host":null,)"));
  CHECK_THAT(json, Catch::Contains(R"("open_fds":null,"threads":null})"));
}

TEST_CASE("StatusJson: the machine's figures are null in a window without them", "[status_json]") {
  Status status = busy_status();
  status.host = topnet::test::without_cpu_times(*status.host);
  const std::string json = to_json(status);
  CHECK_THAT(json, Catch::Contains(R"("cpus":null,"processes_seen":213,"capacity_ticks":null,)"
                                   R"("busy_ticks":null,"accounting":null,)"));
  CHECK_THAT(json, Catch::Contains(R"("unexplained_ticks":-1},)"
                                   R"({"time":"2026-11-23T20:01:08.123Z","seconds":2.0,)"
                                   R"("capacity_ticks":null,"busy_ticks":null,"listed_ticks":null,)"
                                   R"("other_ticks":null,"exited_ticks":null,)"
                                   R"("interrupt_ticks":null,"unexplained_ticks":null}])"));
}

TEST_CASE("StatusJson: a report from the future is marked", "[status_json]") {
  Status status = busy_status();
  status.reports.front().time = status.time + std::chrono::hours(1);
  CHECK_THAT(to_json(status),
             Catch::Contains(R"("reports":[{"time":"2026-11-23T21:01:12.123Z","in_future":true,)"));
}
