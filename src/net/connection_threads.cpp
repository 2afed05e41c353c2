#include "net/connection_threads.h"

#include <sys/socket.h>

#include <new>
#include <utility>

namespace topnet::net {

ConnectionThreads::~ConnectionThreads() {
  cut_all();
  {
    std::unique_lock lock(mutex_);
    all_ended_.wait(lock, [this] { return live_.empty(); });
  }
  last_ended_.reset();  // waits for the last one to be gone
}

bool ConnectionThreads::start(proc::UniqueFd socket, const std::string& name,
                              std::size_t stack_size, std::function<void(int)> serve) {
  // Held until the thread is listed: it may be at its end before it is.
  const std::scoped_lock lock(mutex_);
  const int raw = socket.raw();
  // Its place first: nothing may throw once the thread runs.
  const auto place = live_.try_emplace(raw).first;
  try {
    place->second = Thread::start({.name = name, .stack_size = stack_size},
                                  [this, raw, serve = std::move(serve)] {
                                    serve(raw);
                                    end(raw);
                                  });
  } catch (const std::bad_alloc&) {
    place->second.reset();  // no memory for a thread is no thread
  }
  if (!place->second) {
    live_.erase(place);
    return false;
  }
  static_cast<void>(socket.release());
  return true;
}

void ConnectionThreads::cut(int socket) {
  const std::scoped_lock lock(mutex_);
  if (live_.contains(socket)) ::shutdown(socket, SHUT_RDWR);
}

void ConnectionThreads::end_input(int socket) {
  const std::scoped_lock lock(mutex_);
  if (live_.contains(socket)) ::shutdown(socket, SHUT_RD);
}

void ConnectionThreads::cut_all() {
  const std::scoped_lock lock(mutex_);
  for (const auto& [socket, thread] : live_) ::shutdown(socket, SHUT_RDWR);
}

void ConnectionThreads::wait_until_all_ended(Deadline deadline) {
  std::unique_lock lock(mutex_);
  all_ended_.wait_until(lock, deadline, [this] { return live_.empty(); });
}

// The last that a thread does. It waits for the one that ended before it, so that all but one are
// gone for good, with their stacks.
void ConnectionThreads::end(int socket) {
  std::optional<Thread> previous;
  const std::scoped_lock lock(mutex_);
  previous = std::exchange(last_ended_, std::move(live_.extract(socket).mapped()));
  // Closed under the lock: its number must not stand for another connection while it is listed.
  proc::UniqueFd(socket).reset();
  // Under the lock too, since the object may be gone as soon as it is released.
  all_ended_.notify_all();
}

}  // namespace topnet::net
