// Ranks processes by CPU time. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/enum_names.h"
#include "proc/process.h"

namespace topnet::proc {

enum class SortKey : std::uint8_t { Cpu, User, System };  // Cpu: user + system

inline constexpr base::EnumNames<SortKey, 3> kSortKeys{
    {{"cpu", SortKey::Cpu}, {"user", SortKey::User}, {"system", SortKey::System}}};

// The clock ticks that `key` ranks by.
std::uint64_t ticks_by(SortKey key, const Process& process);

// The `count` busiest processes by `key`: the most ticks first; among equals the older process
// (smaller start time), then the smaller pid.
std::vector<Process> rank(std::vector<Process> processes, std::size_t count, SortKey key);

}  // namespace topnet::proc
