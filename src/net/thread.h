// A thread with a name and a stack of a chosen size.
#pragma once

#include <pthread.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

namespace topnet::net {

struct ThreadOptions {
  std::string name;            // up to 15 bytes are shown, in /proc/[pid]/task/[tid]/comm
  std::size_t stack_size = 0;  // in bytes; 0: the system's default
};

// Owns a running thread; waits for its end when destroyed.
class Thread {
 public:
  // Runs `work`, which must not throw. nullopt, with errno set, where the system has no thread to
  // give: an everyday condition for a server under load, not an error.
  static std::optional<Thread> start(const ThreadOptions& options, std::function<void()> work);

  Thread(Thread&& other) noexcept;
  Thread& operator=(Thread&& other) noexcept;
  ~Thread();

 private:
  explicit Thread(pthread_t thread) : thread_(thread) {}

  std::optional<pthread_t> thread_;
};

// Gives the memory behind the part of this thread's stack that is not in use back to the kernel.
// glibc hands on the stacks of threads that have ended, with up to 16 KiB of what they used.
void give_back_unused_stack();

}  // namespace topnet::net
