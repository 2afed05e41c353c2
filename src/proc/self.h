// What this very process has in use. Any thread may ask.
#pragma once

#include <cstdint>

namespace topnet::proc {

// Open descriptors (/proc/self/fd), the one that counts them not among them; 0 where that cannot be
// told.
std::uint64_t count_open_files();

// Threads (/proc/self/task); 0 where that cannot be told.
std::uint64_t count_threads();

}  // namespace topnet::proc
