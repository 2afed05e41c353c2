// Starts threads with a name and a stack of a chosen size.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace topnet::net {

struct ThreadOptions {
  std::string name;            // up to 15 bytes are shown, in /proc/[pid]/task/[tid]/comm
  std::size_t stack_size = 0;  // in bytes; 0: the system's default
};

// Runs `work` in a thread that nobody joins; `work` must not throw. False where the system has no
// thread to give: an everyday condition for a server under load, not an error.
[[nodiscard]] bool start_detached_thread(const ThreadOptions& options, std::function<void()> work);

}  // namespace topnet::net
