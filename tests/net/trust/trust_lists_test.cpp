#include "net/trust/trust_lists.h"

#include "support/catch.h"
#include "support/pins.h"

using namespace topnet::base;
using namespace topnet::net;
using topnet::test::at;
using topnet::test::pin_of;

namespace {

const std::string kListTime = "2026-11-23T20:01:02.123Z";

std::vector<EnrolledClient> two_clients() {
  return {
      {.name = "db1", .pin = pin_of('a'), .since = at(kListTime), .learned = {}},
      {.name = "backup-host", .pin = pin_of('b'), .since = at(kListTime), .learned = pin_of('c')}};
}

std::vector<KnownServer> one_server() {
  return {{.address = R"(caf\xe9:8676)", .pin = pin_of('a'), .since = at(kListTime), .next = {}}};
}

}  // namespace

TEST_CASE("TrustLists: a table has column titles and a line for each entry", "[trust_lists]") {
  CHECK(to_table(two_clients()) ==
        "NAME         PIN" + std::string(49, ' ') + "SINCE" + std::string(21, ' ') + "LEARNED\n" +
            "db1          " + pin_of('a') + "  " + kListTime + "  -\n" +  //
            "backup-host  " + pin_of('b') + "  " + kListTime + "  " + pin_of('c') + "\n");
  CHECK(to_table(one_server()) == "SERVER        PIN" + std::string(49, ' ') + "SINCE" +
                                      std::string(21, ' ') + "NEXT\n" + R"(caf\xe9:8676)" + "  " +
                                      pin_of('a') + "  " + kListTime + "  -\n");
  CHECK_THAT(to_table(std::vector<EnrolledClient>{}),
             Catch::Matches("NAME  PIN +SINCE +LEARNED\n"));
}

TEST_CASE("TrustLists: JSON is one document on one line", "[trust_lists]") {
  CHECK(to_json(two_clients()) ==
        R"({"schema":"topnet.clients/1","clients":[{"name":"db1","pin":")" + pin_of('a') +
            R"(","since":")" + kListTime +
            R"(","learned_pin":null},{"name":"backup-host","pin":")" + pin_of('b') +
            R"(","since":")" + kListTime + R"(","learned_pin":")" + pin_of('c') + "\"}]}\n");
  CHECK(to_json(one_server()) ==
        R"({"schema":"topnet.servers/1","servers":[{"address":"caf\\xe9:8676","pin":")" +
            pin_of('a') + R"(","since":")" + kListTime + "\",\"next_pin\":null}]}\n");
  CHECK(to_json(std::vector<KnownServer>{}) ==
        "{\"schema\":\"topnet.servers/1\",\"servers\":[]}\n");
}
