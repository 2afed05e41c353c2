// Resources that the running process uses. Thread-safe. A figure is nullopt if it is not known.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace topnet::proc {

// Open descriptors (/proc/self/fd), without the one that is used for counting.
std::optional<std::uint64_t> count_open_files();

// Threads (/proc/self/task).
std::optional<std::uint64_t> count_threads();

// Cheap to read.
struct SelfStats {
  std::chrono::microseconds cpu{0};  // user and system time
  std::optional<std::uint64_t> virtual_bytes;
  std::optional<std::uint64_t> resident_bytes;
  std::optional<std::uint64_t> max_open_files;  // the soft limit RLIMIT_NOFILE
};
SelfStats read_self_stats();

}  // namespace topnet::proc
