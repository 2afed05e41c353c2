#include "proc/cgroup_membership.h"

#include "support/catch.h"

using topnet::proc::CgroupMembership;
using topnet::proc::parse_cgroup_memberships;

TEST_CASE("CgroupMembership: versions 1 and 2 of one process are parsed", "[cgroup_membership]") {
  const auto all = parse_cgroup_memberships(
      "4:cpu,cpuacct:/a/b\n1:name=systemd:/user.slice\n0::/init:2.scope\n");
  REQUIRE(all.size() == 3);
  CHECK(all[0].path == "/a/b");
  CHECK(all[0].has_controller("cpu"));
  CHECK(all[0].has_controller("cpuacct"));
  CHECK_FALSE(all[0].has_controller("cpus"));
  CHECK(all[1].controllers == "name=systemd");
  CHECK(all[2].controllers.empty());
  CHECK(all[2].path == "/init:2.scope");
}

TEST_CASE("CgroupMembership: invalid lines are ignored", "[cgroup_membership]") {
  CHECK(parse_cgroup_memberships("").empty());
  CHECK(parse_cgroup_memberships("\n0\n0:\n0::\n0::x\n").empty());
  CHECK(parse_cgroup_memberships("x\n0::/").size() == 1);
}
