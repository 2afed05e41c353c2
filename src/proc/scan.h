// All processes of a source, each read from its stat: the exhaustive way. Pure but for the source.
#pragma once

#include <cstdint>
#include <vector>

#include "proc/source.h"

namespace topnet::proc {

struct Scan {
  std::vector<Process> processes;  // in the order of `pids`
  std::vector<pid_t> vanished;     // of `pids`, in their order
  std::uint64_t unreadable = 0;    // processes that are there, but whose stat cannot be read
};

// Throws what the source throws.
Scan scan(Source& source, const std::vector<pid_t>& pids);

}  // namespace topnet::proc
