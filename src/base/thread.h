// A thread with a name and a stack of a chosen size.
#pragma once

#include <pthread.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

namespace topnet::base {

struct ThreadOptions {
  std::string name;            // cut to 15 bytes, shown in /proc/[pid]/task/[tid]/comm
  std::size_t stack_size = 0;  // in bytes; 0: the system's default
};

// Owns a running thread. The destructor joins it.
class Thread {
 public:
  // Runs `work`, which must not throw. Returns nullopt, with errno set, if the system cannot start
  // another thread: for a server under load, that is not exceptional.
  static std::optional<Thread> start(const ThreadOptions& options, std::function<void()> work);

  Thread(Thread&& other) noexcept;
  Thread& operator=(Thread&& other) noexcept;
  ~Thread();

  // Lets the thread run on its own. The end of the process does not wait for it.
  void detach();

 private:
  explicit Thread(pthread_t thread) : thread_(thread) {}

  std::optional<pthread_t> thread_;
};

// Returns the memory of the unused part of this thread's stack to the kernel. glibc reuses
// the stacks of ended threads, with up to 16 KiB of used memory.
void give_back_unused_stack();

}  // namespace topnet::base
