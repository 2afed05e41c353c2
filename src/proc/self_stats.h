// Resources that the running process uses. Thread-safe. A figure is 0 if it is not known.
#pragma once

#include <chrono>
#include <cstdint>

namespace topnet::proc {

// Open descriptors (/proc/self/fd), without the one that is used for counting.
std::uint64_t count_open_files();

// Threads (/proc/self/task).
std::uint64_t count_threads();

// Cheap to read.
struct SelfStats {
  std::chrono::microseconds cpu{0};  // user and system time
  std::uint64_t virtual_bytes = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t max_open_files = 0;  // the soft limit RLIMIT_NOFILE
};
SelfStats read_self_stats();

}  // namespace topnet::proc
