// What this very process has in use. Any thread may ask.
#pragma once

#include <chrono>
#include <cstdint>

namespace topnet::proc {

// Open descriptors (/proc/self/fd), the one that counts them not among them; 0 where that cannot be
// told.
std::uint64_t count_open_files();

// Threads (/proc/self/task); 0 where that cannot be told.
std::uint64_t count_threads();

// Figures of it that cost next to nothing; 0 where one cannot be told.
struct OwnUsage {
  std::chrono::microseconds cpu{0};  // user and system time
  std::uint64_t virtual_bytes = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t most_open_files = 0;  // that it may have
};
OwnUsage read_own_usage();

}  // namespace topnet::proc
