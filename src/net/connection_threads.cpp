#include "net/connection_threads.h"

#include <sys/socket.h>

#include <cerrno>
#include <exception>
#include <utility>

namespace topnet::net {

ConnectionThreads::~ConnectionThreads() {
  disconnect_all();
  {
    std::unique_lock lock(mutex_);
    all_finished_.wait(lock, [this] { return live_.empty(); });
  }
  reap();
}

bool ConnectionThreads::start(std::uint64_t id, base::UniqueFd& socket,
                              const base::ThreadOptions& options, Serve serve) {
  const auto task = std::make_shared<Task>(
      Task{.id = id, .socket = socket.raw(), .options = options, .serve = std::move(serve)});
  // Allocates before the thread starts, so that no exception can leave a running thread unlisted.
  std::map<std::uint64_t, Live> started;
  std::optional<base::Thread>& thread =
      started.try_emplace(id, Live{.socket = socket.raw()}).first->second.thread.front();
  // Held until the thread is listed, since it may finish before that.
  const std::scoped_lock lock(mutex_);
  thread = base::Thread::start(options, [this, task] { run(task); });
  if (!thread) return false;
  live_.merge(started);
  static_cast<void>(socket.release());
  return true;
}

void ConnectionThreads::run(const std::shared_ptr<Task>& task) {
  while (task->serve(task->socket) == ServeResult::HandOff) {
    if (hand_off(task)) return;
  }
  task->serve = nullptr;
  finish(task->id);
}

// Continues in a new thread. False if none can be started.
bool ConnectionThreads::hand_off(const std::shared_ptr<Task>& task) {
  reap();
  // Held until the new thread is listed.
  const std::scoped_lock lock(mutex_);
  try {
    Threads successor(1);
    successor.front() = base::Thread::start(task->options, [this, task] { run(task); });
    if (!successor.front()) return false;
    Threads& own = live_.at(task->id).thread;
    finished_.splice(finished_.end(), own);
    own.swap(successor);
    return true;
  } catch (const std::exception&) {
    return false;  // thrown before the successor started
  }
}

void ConnectionThreads::shut_down(std::uint64_t id, int how) {
  const std::scoped_lock lock(mutex_);
  if (const auto found = live_.find(id); found != live_.end()) {
    ::shutdown(found->second.socket, how);
  }
}

void ConnectionThreads::disconnect(std::uint64_t id) { shut_down(id, SHUT_RDWR); }

void ConnectionThreads::end_input(std::uint64_t id) { shut_down(id, SHUT_RD); }

void ConnectionThreads::disconnect_all() {
  const std::scoped_lock lock(mutex_);
  for (const auto& [id, live] : live_) ::shutdown(live.socket, SHUT_RDWR);
}

bool ConnectionThreads::wait_until_all_ended(Deadline deadline) {
  std::unique_lock lock(mutex_);
  return all_finished_.wait_until(lock, deadline, [this] { return live_.empty(); });
}

void ConnectionThreads::reap() {
  Threads joined;  // by its destructor, after the lock is released
  const std::scoped_lock lock(mutex_);
  joined.swap(finished_);
}

// The last call of each thread. Joins finished threads before registering itself as finished, so
// that joins never chain.
void ConnectionThreads::finish(std::uint64_t id) {
  reap();
  const std::scoped_lock lock(mutex_);
  auto node = live_.extract(id);
  // Closed under the lock: the kernel may reuse the descriptor's number at once, and disconnect()
  // must not find another connection under it.
  base::UniqueFd(node.mapped().socket).reset();
  finished_.splice(finished_.end(), node.mapped().thread);
  // Under the lock, too: the destructor may destroy the condition variable once it is released.
  all_finished_.notify_all();
}

}  // namespace topnet::net
