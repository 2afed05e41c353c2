// All processes under one root, as they are right now.
//
// Opens /proc/[pid]/stat of each and nothing else. Keeps no state; any number of scans may run at
// the same time in different threads.
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "proc/process.h"

namespace topnet::proc {

struct Scan {
  std::vector<Process> processes;  // in the order of the directory
  std::size_t unreadable = 0;  // processes that are there, but whose stat we may not or cannot read
};

// Reads every ROOT/[pid]/stat, each with one open and one read. A process that vanishes meanwhile
// is left out. Throws std::system_error where ROOT itself cannot be read, and
// std::runtime_error where it holds no process that can be; std::system_error also where the
// machine is out of something (descriptors, memory), since the ranking would then be wrong without
// a sign of it.
Scan scan(const std::filesystem::path& root);

}  // namespace topnet::proc
