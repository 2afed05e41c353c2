#include "net/connection_threads.h"

#include <sys/socket.h>

#include <cerrno>
#include <exception>
#include <utility>

namespace topnet::net {

ConnectionThreads::~ConnectionThreads() {
  cut_all();
  {
    std::unique_lock lock(mutex_);
    all_ended_.wait(lock, [this] { return live_.empty(); });
  }
  reap();
}

bool ConnectionThreads::start(std::uint64_t id, proc::UniqueFd& socket,
                              const ThreadOptions& options, Serve serve) {
  const auto work = std::make_shared<Work>(
      Work{.id = id, .socket = socket.raw(), .options = options, .serve = std::move(serve)});
  // Made before the thread starts: a throw after that would leave it unlisted.
  std::map<std::uint64_t, Live> started;
  std::optional<Thread>& thread =
      started.try_emplace(id, Live{.socket = socket.raw()}).first->second.thread.front();
  // Held until the thread is listed: it may reach its end before.
  const std::scoped_lock lock(mutex_);
  thread = Thread::start(options, [this, work] { run(work); });
  if (!thread) return false;
  live_.merge(started);
  static_cast<void>(socket.release());
  return true;
}

void ConnectionThreads::run(const std::shared_ptr<Work>& work) {
  while (work->serve(work->socket) == Next::NewThread) {
    if (hand_over(work)) return;
  }
  work->serve = nullptr;
  end(work->id);
}

// Has another thread go on. False where there is none.
bool ConnectionThreads::hand_over(const std::shared_ptr<Work>& work) {
  reap();
  // Held until the other thread is listed.
  const std::scoped_lock lock(mutex_);
  try {
    Threads successor(1);
    successor.front() = Thread::start(work->options, [this, work] { run(work); });
    if (!successor.front()) return false;
    Threads& own = live_.at(work->id).thread;
    ended_.splice(ended_.end(), own);
    own.swap(successor);
    return true;
  } catch (const std::exception&) {
    return false;  // thrown before there was a successor
  }
}

void ConnectionThreads::shut_down(std::uint64_t id, int how) {
  const std::scoped_lock lock(mutex_);
  if (const auto found = live_.find(id); found != live_.end()) {
    ::shutdown(found->second.socket, how);
  }
}

void ConnectionThreads::cut(std::uint64_t id) { shut_down(id, SHUT_RDWR); }

void ConnectionThreads::end_input(std::uint64_t id) { shut_down(id, SHUT_RD); }

void ConnectionThreads::cut_all() {
  const std::scoped_lock lock(mutex_);
  for (const auto& [id, live] : live_) ::shutdown(live.socket, SHUT_RDWR);
}

bool ConnectionThreads::wait_until_all_ended(Deadline deadline) {
  std::unique_lock lock(mutex_);
  return all_ended_.wait_until(lock, deadline, [this] { return live_.empty(); });
}

void ConnectionThreads::reap() {
  Threads gone;  // waited for behind the lock
  const std::scoped_lock lock(mutex_);
  gone.swap(ended_);
}

// The last that a thread does. It waits for those that have ended before it is one of them: nobody
// waits for one that waits, and however many end at once, they are gone at once.
void ConnectionThreads::end(std::uint64_t id) {
  reap();
  const std::scoped_lock lock(mutex_);
  auto node = live_.extract(id);
  // Closed under the lock: its number must not stand for another connection while it is listed.
  proc::UniqueFd(node.mapped().socket).reset();
  ended_.splice(ended_.end(), node.mapped().thread);
  // Under the lock too, since the object may be gone as soon as it is released.
  all_ended_.notify_all();
}

}  // namespace topnet::net
