// Writing to a descriptor. Thread-safe.
#pragma once

#include <string_view>

namespace topnet::base {

// Writes all of `bytes`. Continues after EINTR, and waits without limit for a descriptor that is
// non-blocking and not ready. Returns 0, or the errno of the write that failed.
int write_all(int descriptor, std::string_view bytes);

}  // namespace topnet::base
