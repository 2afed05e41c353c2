// Runs a thread with a given stack size for each connection, disconnects peers, and waits for the
// end of all threads. Knows no protocol. Thread-safe.
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

#include "base/thread.h"
#include "base/unique_fd.h"
#include "net/stream.h"

namespace topnet::net {

enum class ServeResult : std::uint8_t {
  Done,
  // The connection continues in a new thread. The end of the old one frees its stack and its
  // allocator's caches, which are several times as large as the state of an idle connection.
  HandOff,
};

class ConnectionThreads {
 public:
  // Serves a connection. Must not throw.
  using Serve = std::function<ServeResult(int socket)>;

  ConnectionThreads() = default;
  // Disconnects all, and waits for their threads.
  ~ConnectionThreads();
  ConnectionThreads(ConnectionThreads&&) = delete;

  // Calls `serve` in a new thread until it returns Done, then destroys `serve` and closes the
  // socket. After HandOff the next call is made in another new thread, or in the same one if none
  // can be started. False, with errno set, if the first thread cannot be started; then `socket`
  // remains the caller's.
  [[nodiscard]] bool start(std::uint64_t id, base::UniqueFd& socket,
                           const base::ThreadOptions& options, Serve serve);

  // Shuts the socket down in both directions: reads end, writes fail. Ignores an `id` whose
  // connection has ended.
  void disconnect(std::uint64_t id);
  void disconnect_all();

  // Shuts the socket down for reading only. Ignores an `id` whose connection has ended.
  void end_input(std::uint64_t id);

  // Joins the threads that have finished, as each thread also does when it finishes.
  void reap();

  // Returns true when every thread has finished, false at the deadline.
  bool wait_until_all_ended(Deadline deadline);

 private:
  // A list, since splicing never throws.
  using Threads = std::list<std::optional<base::Thread>>;
  struct Live {
    int socket = -1;
    Threads thread{1};  // exactly one
  };
  struct Task {
    std::uint64_t id;
    int socket;
    base::ThreadOptions options;
    Serve serve;
  };

  void run(const std::shared_ptr<Task>& task);
  bool hand_off(const std::shared_ptr<Task>& task);
  void shut_down(std::uint64_t id, int how);
  void finish(std::uint64_t id);

  std::mutex mutex_;
  std::condition_variable all_finished_;
  std::map<std::uint64_t, Live> live_;
  Threads finished_;  // to be joined
};

}  // namespace topnet::net
