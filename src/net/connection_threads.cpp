#include "net/connection_threads.h"

#include <sys/socket.h>

#include <utility>

#include "net/thread.h"

namespace topnet::net {

ConnectionThreads::~ConnectionThreads() {
  cut_all();
  std::unique_lock lock(mutex_);
  all_ended_.wait(lock, [this] { return sockets_.empty(); });
}

bool ConnectionThreads::start(proc::UniqueFd socket, const std::string& name,
                              std::size_t stack_size, std::function<void(int)> serve) {
  const int raw = socket.release();
  {
    const std::scoped_lock lock(mutex_);
    sockets_.insert(raw);
  }
  const bool is_started = start_detached_thread({.name = name, .stack_size = stack_size},
                                                [this, raw, serve = std::move(serve)] {
                                                  serve(raw);
                                                  end(proc::UniqueFd(raw));
                                                });
  if (!is_started) end(proc::UniqueFd(raw));
  return is_started;
}

void ConnectionThreads::cut(int socket) {
  const std::scoped_lock lock(mutex_);
  if (sockets_.contains(socket)) ::shutdown(socket, SHUT_RDWR);
}

void ConnectionThreads::cut_all() {
  const std::scoped_lock lock(mutex_);
  for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
}

void ConnectionThreads::wait_until_all_ended(Deadline deadline) {
  std::unique_lock lock(mutex_);
  all_ended_.wait_until(lock, deadline, [this] { return sockets_.empty(); });
}

void ConnectionThreads::end(proc::UniqueFd socket) {
  const std::scoped_lock lock(mutex_);
  // Closed under the lock: its number must not stand for another connection while it is listed.
  sockets_.erase(socket.raw());
  socket.reset();
  // Under the lock too, since the object may be gone as soon as it is released.
  all_ended_.notify_all();
}

}  // namespace topnet::net
