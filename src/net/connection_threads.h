// A thread for each connection, with a stack of a chosen size: who is there, how to cut them off,
// and when all have ended. What is spoken on a connection is somebody else's business.
//
// Any thread may call anything.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "net/stream.h"
#include "net/thread.h"
#include "proc/unique_fd.h"

namespace topnet::net {

class ConnectionThreads {
 public:
  ConnectionThreads() = default;
  // Cuts off what is left, and waits for it.
  ~ConnectionThreads();
  ConnectionThreads(ConnectionThreads&&) = delete;

  // Runs `serve` with the socket in a thread that owns the connection, and is known by `id`; closes
  // it when `serve` returns, which must not throw. False, with errno set, where the system has no
  // thread to give; the caller keeps the socket then.
  [[nodiscard]] bool start(std::uint64_t id, proc::UniqueFd& socket, const ThreadOptions& options,
                           std::function<void(int socket)> serve);

  // Ends connections that are alive, in both directions: reads on them end, writes fail. One that
  // has ended already is passed over.
  void cut(std::uint64_t id);
  void cut_all();

  // Ends what can be read on a connection that is alive; writing goes on.
  void end_input(std::uint64_t id);

  // Gives back what is left of threads that have ended. The next one that ends does so, too.
  void reap();

  // Returns when every thread has ended, or at the deadline; whether they have.
  bool wait_until_all_ended(Deadline deadline);

 private:
  struct Live {
    int socket = -1;
    std::optional<Thread> thread;
  };

  void shut_down(std::uint64_t id, int how);
  void end(std::uint64_t id);

  std::mutex mutex_;
  std::condition_variable all_ended_;
  std::map<std::uint64_t, Live> live_;
  std::map<std::uint64_t, Live> ended_;  // that have nothing to do any more but to be gone
};

}  // namespace topnet::net
