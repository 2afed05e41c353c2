// A thread for each connection, with a stack of a chosen size: who is there, how to cut them off,
// and when all have ended. What is spoken on a connection is somebody else's business.
//
// Any thread may call anything.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

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

  // Runs `serve` with the socket in a thread `name` that owns the connection; closes it when
  // `serve` returns, which must not throw. False, and the connection is closed, where the system
  // has no thread to give.
  [[nodiscard]] bool start(proc::UniqueFd socket, const std::string& name, std::size_t stack_size,
                           std::function<void(int socket)> serve);

  // Ends connections that are alive, in both directions: reads on them end, writes fail. The socket
  // of one that has ended already is passed over.
  void cut(int socket);
  void cut_all();

  // Ends what can be read on a connection that is alive; writing goes on.
  void end_input(int socket);

  // Returns when every thread has ended, or at the deadline.
  void wait_until_all_ended(Deadline deadline);

 private:
  void end(int socket);

  std::mutex mutex_;
  std::condition_variable all_ended_;
  std::unordered_map<int, std::optional<Thread>> live_;  // by their sockets
  std::optional<Thread> last_ended_;
};

}  // namespace topnet::net
