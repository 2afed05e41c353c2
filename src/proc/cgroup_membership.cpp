#include "proc/cgroup_membership.h"

#include "base/string_scan.h"

namespace topnet::proc {

bool has_element(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    if (base::take_until(list, ",") == name) return true;
  }
  return false;
}

bool CgroupMembership::has_controller(std::string_view name) const {
  return has_element(controllers, name);
}

std::vector<CgroupMembership> parse_cgroup_memberships(std::string_view text) {
  std::vector<CgroupMembership> all;
  while (!text.empty()) {
    // "4:cpu,cpuacct:/path", in version 2 "0::/path". A path may have colons in it.
    std::string_view line = base::take_until(text, "\n");
    base::take_until(line, ":");
    const std::string_view controllers = base::take_until(line, ":");
    if (line.starts_with('/')) all.push_back({.controllers = controllers, .path = line});
  }
  return all;
}

}  // namespace topnet::proc
