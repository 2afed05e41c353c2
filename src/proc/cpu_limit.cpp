#include "proc/cpu_limit.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/parse_number.h"
#include "base/string_scan.h"
#include "base/unique_fd.h"
#include "proc/cgroup_membership.h"
#include "proc/small_file.h"

namespace topnet::proc {
namespace {

using base::take_until;

// Decodes escapes such as \040, which mountinfo has instead of blanks.
std::string unescape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    out += take_until(text, "\\");
    if (text.size() < 3) break;
    unsigned code = 0;
    for (const char digit : text.substr(0, 3)) code = code * 8 + static_cast<unsigned>(digit - '0');
    out += static_cast<char>(code);
    text.remove_prefix(3);
  }
  return out;
}

// A line of mountinfo (proc(5)).
struct Mount {
  std::string root;  // the folder of the file system that is mounted
  std::string point;
  std::string_view type;
  std::string_view options;  // of the file system

  bool shows(const CgroupMembership& cgroup) const {
    return cgroup.controllers.empty() ? type == "cgroup2"
                                      : type == "cgroup" && has_element(options, "cpu");
  }
};

// "32 31 0:29 /root /point rw,relatime shared:1 - cgroup cgroup rw,cpu"
Mount parse_mount(std::string_view line) {
  for (int field = 1; field <= 3; ++field) take_until(line, " ");
  const std::string_view root = take_until(line, " ");
  const std::string_view point = take_until(line, " ");
  take_until(line, " - ");
  const std::string_view type = take_until(line, " ");
  take_until(line, " ");
  return {.root = unescape(root), .point = unescape(point), .type = type, .options = line};
}

// Calls `visit` with each line until it returns false.
void read_lines(const std::filesystem::path& path,
                const std::function<bool(std::string_view)>& visit) {
  const base::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return;
  std::array<char, 2048> buffer;
  std::string rest;
  for (;;) {
    const ssize_t count = ::read(file.raw(), buffer.data(), buffer.size());
    if (count <= 0) return;
    rest.append(buffer.data(), static_cast<std::size_t>(count));
    const std::size_t end = rest.rfind('\n') + 1;  // 0 without one
    for (std::string_view lines = std::string_view(rest).substr(0, end); !lines.empty();) {
      if (!visit(take_until(lines, "\n"))) return;
    }
    rest.erase(0, end);
  }
}

std::optional<std::uint64_t> read_number(const std::filesystem::path& file) {
  std::array<char, 64> buffer;
  auto text = read_small_file(AT_FDCWD, file.c_str(), buffer);
  if (!text) return std::nullopt;
  return base::parse_number<std::uint64_t>(take_until(*text, "\n"));
}

// The limit of one cgroup, without those above it.
std::optional<double> read_limit_of(const std::filesystem::path& cgroup, bool is_version_2) {
  std::optional<std::uint64_t> quota;
  std::optional<std::uint64_t> period;
  std::array<char, 64> buffer;
  if (!is_version_2) {
    quota = read_number(cgroup / "cpu.cfs_quota_us");  // -1: no limit
    if (quota) period = read_number(cgroup / "cpu.cfs_period_us");
  } else if (auto text = read_small_file(AT_FDCWD, (cgroup / "cpu.max").c_str(), buffer)) {
    quota = base::parse_number<std::uint64_t>(take_until(*text, " "));  // "max": no limit
    period = base::parse_number<std::uint64_t>(take_until(*text, "\n"));
  }
  if (!quota || !period || *period == 0) return std::nullopt;
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

std::optional<double> smaller(const std::optional<double>& a, const std::optional<double>& b) {
  return a && b ? std::min(*a, *b) : a ? a : b;
}

// Of the cgroup at `path` below `mount`, and of those above it.
std::optional<double> read_limits(const Mount& mount, std::string path) {
  std::optional<double> smallest;
  for (;;) {
    smallest = smaller(smallest, read_limit_of(mount.point + path, mount.type == "cgroup2"));
    if (path.empty()) return smallest;
    path.erase(path.rfind('/'));
  }
}

// The part of `path` below the mount's root, without a slash at its end. nullopt if it is not below
// it, as seen from another cgroup namespace.
std::optional<std::string> path_below(const Mount& mount, std::string_view path) {
  const std::string_view root = mount.root == "/" ? "" : std::string_view(mount.root);
  if (!path.starts_with(root)) return std::nullopt;
  path.remove_prefix(root.size());
  if (path == "/") path = {};
  const bool is_below = path.empty() || path.starts_with('/');
  if (!is_below || path.find("/..") != std::string_view::npos) return std::nullopt;
  return std::string(path);
}

}  // namespace

std::optional<double> read_cpu_limit(const std::filesystem::path& proc) {
  const auto buffer = std::make_unique_for_overwrite<std::array<char, 16384>>();
  const auto text = read_small_file(AT_FDCWD, (proc / "self/cgroup").c_str(), *buffer);
  if (!text) return std::nullopt;
  std::vector<CgroupMembership> cgroups = parse_cgroup_memberships(*text);
  std::erase_if(cgroups, [](const CgroupMembership& each) {
    return !each.controllers.empty() && !each.has_controller("cpu");
  });
  std::optional<double> smallest;
  read_lines(proc / "self/mountinfo", [&](std::string_view line) {
    const Mount mount = parse_mount(line);
    std::erase_if(cgroups, [&](const CgroupMembership& each) {
      const auto path = mount.shows(each) ? path_below(mount, each.path) : std::nullopt;
      if (path) smallest = smaller(smallest, read_limits(mount, *path));
      return path.has_value();
    });
    return !cgroups.empty();
  });
  return smallest;
}

}  // namespace topnet::proc
