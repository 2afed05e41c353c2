#include "web/status_json.h"

#include "support/catch.h"
#include "support/status.h"

using namespace topnet::web;
using topnet::test::busy_status;

TEST_CASE("the status is exactly the document that topnet-serve(1) describes") {
  CHECK(
      to_json(busy_status()) ==
      R"({"schema":"topnet.status/1",)"
      R"("server":{"version":"0.1.0","host":"web01","pid":77,)"
      R"("started":"2026-11-23T20:01:02.123Z","tls":true,"listen":"[::]:8676"},)"
      R"("connections":[{"id":12,"peer":"127.0.0.1:41234","client":"local",)"
      R"("since":"2026-11-23T20:01:03.123Z","state":"idle","requests":1},)"
      R"({"id":13,"peer":"[2001:db8::1]:5","client":null,)"
      R"("since":"2026-11-23T20:01:04.123Z","state":"handshake","requests":0}],)"
      R"("reports":[{"time":"2026-11-23T20:01:04.123Z","client":"local",)"
      R"("peer":"127.0.0.1:41234","host":"db1","pid":4121,"name":"postgres",)"
      R"("window":{"kind":"since_start","seconds":null},)"
      R"("user_ticks":812,"system_ticks":31,"cpu_ticks":843}],)"
      R"("counters":{"accepted":38,"completed":1,"refused_busy":2,"refused_auth":3,)"
      R"("handshake_failed":4,"timed_out":5,"protocol_error":6,"peer_gone":7,)"
      R"("internal_error":8,"active":2},)"
      R"("work":{"scans":2,"reports_sent":10,"tops_received":9,"accept_errors":11,"thread_errors":12,)"
      R"("open_fds":14,"threads":6}})"
      "\n");
}

TEST_CASE("what is not known is null, and what is not there is an empty array") {
  Status status;
  status.tops.push_back({.time = {}, .client = {}, .peer = "p", .top = {}});
  const std::string json = to_json(status);
  CHECK_THAT(json, Catch::Contains(R"("host":null,"pid":0,)"));
  CHECK_THAT(json, Catch::Contains(R"("connections":[],)"));
  CHECK_THAT(json, Catch::Contains(R"("client":null,"peer":"p","host":null,)"));
}

TEST_CASE("a name cannot leave its string") {
  Status status = busy_status();
  status.tops.at(0).top.name = R"(","x":"\\x0a</script>)";
  CHECK_THAT(to_json(status), Catch::Contains(R"("name":"\",\"x\":\"\\\\x0a</script>",)"));
}

TEST_CASE("the largest counts keep their digits") {
  Status status;
  status.exchange.accepted = 18446744073709551615U;
  CHECK_THAT(to_json(status), Catch::Contains(R"("accepted":18446744073709551615,)"));
}
