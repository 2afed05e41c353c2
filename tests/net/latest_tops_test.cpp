#include "net/latest_tops.h"

#include "support/catch.h"
#include "support/made_up_tops.h"

using namespace topnet::net;
using topnet::test::made_up_top;
using topnet::test::made_up_tops;

namespace {

ReceivedTop top_of(const std::optional<std::string>& client, const std::string& host = "web01") {
  ReceivedTop top = made_up_top();
  top.client = client;
  top.top.host = host;
  return top;
}

}  // namespace

TEST_CASE("each client has its own newest tops, and whoever was heard last comes first") {
  LatestTops latest({});
  std::vector<ReceivedTop> tops;
  for (const char* const client : {"db1", "db2", "db1", "db1", "db1", "db1"}) {
    tops.push_back(top_of(client));
    latest.add(tops.back());
  }
  CHECK(latest.clients() ==
        std::vector<ClientTops>{{tops[5], tops[4], tops[3], tops[2]}, {tops[1]}});
  CHECK(latest.newest().size() == 6);
}

TEST_CASE("clients without a name are told by their hosts, and are not those of that name") {
  LatestTops latest({});
  const std::vector<ReceivedTop> tops{top_of(std::nullopt, "db1"), top_of(std::nullopt, "db2"),
                                      top_of("db1", "db2"), top_of(std::nullopt, "db1")};
  for (const ReceivedTop& each : tops) latest.add(each);
  CHECK(latest.clients() == std::vector<ClientTops>{{tops[3], tops[0]}, {tops[2]}, {tops[1]}});
}

TEST_CASE("what is let go is of no client any more, though it was its last") {
  SECTION("by number") {
    LatestTops latest({.most = 2});
    const std::vector<ReceivedTop> tops{top_of("db1"), top_of("db2"), top_of("db2")};
    for (const ReceivedTop& each : tops) latest.add(each);
    CHECK(latest.clients() == std::vector<ClientTops>{{tops[2], tops[1]}});
    CHECK(latest.newest() == std::vector{tops[2], tops[1]});
  }
  SECTION("by age") {
    LatestTops latest({.longest = std::chrono::days(1)});
    ReceivedTop old = top_of("db1");
    old.time -= std::chrono::hours(25);
    latest.add(old);
    CHECK(latest.clients().empty());
    CHECK(latest.newest().empty());
  }
}

TEST_CASE("when a client was heard last is known also once that is let go") {
  LatestTops latest({.most = 1});
  std::vector<ReceivedTop> tops{top_of("db1"), top_of("db1"), top_of(std::nullopt), top_of("db2")};
  for (std::size_t i = 0; i < tops.size(); ++i) {
    tops[i].time += std::chrono::seconds(i);
    latest.add(tops[i]);
  }
  CHECK(latest.heard() == std::map<std::string, topnet::proc::WallTime>{{"db1", tops[1].time},
                                                                        {"db2", tops[3].time}});
}

TEST_CASE("of very many clients those are remembered that were heard last") {
  LatestTops latest({});
  latest.add(top_of("first"));
  for (std::size_t i = 0; i < LatestTops::kMostClients; ++i) latest.add(top_of(std::to_string(i)));
  const std::vector<ClientTops> clients = latest.clients();
  CHECK(clients.size() == LatestTops::kMostClients);
  CHECK(clients.back().front().client == "0");
}
