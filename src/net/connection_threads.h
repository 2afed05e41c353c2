// A thread for each connection, with a stack of a chosen size: who is there, how to cut them off,
// and when all have ended. What is spoken on a connection is somebody else's business.
//
// Any thread may call anything.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "net/stream.h"
#include "net/thread.h"
#include "proc/unique_fd.h"

namespace topnet::net {

// What becomes of a connection when it has been served, to its end or for a while.
enum class Next : std::uint8_t {
  End,
  // It is to be served again in another thread, and this one ends: with it goes what a thread
  // holds, which is several times what a connection needs that waits.
  NewThread,
};

class ConnectionThreads {
 public:
  // Serves a connection. Must not throw.
  using Serve = std::function<Next(int socket)>;

  ConnectionThreads() = default;
  // Cuts off what is left, and waits for it.
  ~ConnectionThreads();
  ConnectionThreads(ConnectionThreads&&) = delete;

  // Runs `serve` with the socket in a thread that owns the connection, and is known by `id`, as
  // often as it asks for it; lets go of it then, and closes the connection. False, with errno set,
  // where the system has no thread to give; the caller keeps the socket then. Where it has none for
  // another turn, that is taken in the same thread.
  [[nodiscard]] bool start(std::uint64_t id, proc::UniqueFd& socket, const ThreadOptions& options,
                           Serve serve);

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
  // Spliced from one list to another, which never throws.
  using Threads = std::list<std::optional<Thread>>;
  struct Live {
    int socket = -1;
    Threads thread{1};  // one
  };
  struct Work {
    std::uint64_t id;
    int socket;
    ThreadOptions options;
    Serve serve;
  };

  void run(const std::shared_ptr<Work>& work);
  bool hand_over(const std::shared_ptr<Work>& work);
  void shut_down(std::uint64_t id, int how);
  void end(std::uint64_t id);

  std::mutex mutex_;
  std::condition_variable all_ended_;
  std::map<std::uint64_t, Live> live_;
  Threads ended_;  // that have nothing to do any more but to be gone
};

}  // namespace topnet::net
