// The cgroups of a process, from /proc/[pid]/cgroup (cgroups(7)). Pure.
#pragma once

#include <string_view>
#include <vector>

namespace topnet::proc {

// Refers to the text that was parsed.
struct CgroupMembership {
  std::string_view controllers;  // of version 1, comma-separated; empty: version 2
  std::string_view path;         // below the root that the reader's namespace shows

  bool has_controller(std::string_view name) const;
};

// Parses the contents of the file, one membership for each hierarchy. Ignores invalid lines.
std::vector<CgroupMembership> parse_cgroup_memberships(std::string_view text);

// Whether `name` is an element of a comma-separated list.
bool has_element(std::string_view list, std::string_view name);

}  // namespace topnet::proc
