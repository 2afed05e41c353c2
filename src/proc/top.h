// The N busiest of the processes that a scan found. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "proc/process.h"
#include "proc/words.h"

namespace topnet::proc {

enum class SortKey : std::uint8_t { Cpu, User, System };  // Cpu: user + system

inline constexpr Words<SortKey, 3> kSortKeys{
    {{"cpu", SortKey::Cpu}, {"user", SortKey::User}, {"system", SortKey::System}}};

// The figure that `key` ranks by, in clock ticks.
std::uint64_t ticks_by(SortKey key, const Process& process);

// The `count` busiest by `key`, in the order of a report: the most ticks first; among equals the
// older process (smaller start time), then the smaller pid.
std::vector<Process> top(std::vector<Process> processes, std::size_t count, SortKey key);

}  // namespace topnet::proc
