// Reads the stat of every process.
#pragma once

#include <cstdint>
#include <vector>

#include "proc/process_source.h"

namespace topnet::proc {

struct FullScan {
  std::vector<Process> processes;  // in the order of `pids`
  std::vector<pid_t> vanished;     // of `pids`, in the same order
  std::uint64_t unreadable = 0;    // existing processes whose stat could not be read
};

// Throws the source's exceptions.
FullScan scan(ProcessSource& source, const std::vector<pid_t>& pids);

}  // namespace topnet::proc
