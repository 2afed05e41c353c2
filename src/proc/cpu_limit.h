// The CPU time that cgroups allow to this process. Thread-safe.
#pragma once

#include <filesystem>
#include <optional>

namespace topnet::proc {

// The smallest limit of the calling process's cgroup and of the cgroups above it, as far as they
// are mounted: cpu.max in version 2, cpu.cfs_quota_us in version 1. In CPUs: 1.5 is the time of one
// and a half. nullopt if there is no limit or it is not known. `proc` is the /proc of this process.
std::optional<double> read_cpu_limit(const std::filesystem::path& proc);

}  // namespace topnet::proc
