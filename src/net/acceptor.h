// The accept loop, of the protocol's port and of the status port alike: a thread that hands every
// connection on, and lives through everything that accept(2) can say.
#pragma once

#include <sys/socket.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "proc/unique_fd.h"

namespace topnet::net {

class Acceptor {
 public:
  // What becomes of a connection (non-blocking, closed on exec). Called in the acceptor's thread.
  // Where it throws, that counts as a failure to accept.
  using Take = std::function<void(proc::UniqueFd socket, const sockaddr_storage& peer)>;

  // Starts the thread `name`. `errors` counts how often accept(2) failed for want of something, and
  // outlives the acceptor. Throws std::system_error where no thread can be had.
  Acceptor(proc::UniqueFd listener, const std::string& name, std::atomic<std::uint64_t>& errors,
           Take take);

  // Stops, as stop() does.
  ~Acceptor();
  Acceptor(Acceptor&&) = delete;

  // Accepts no more; the port is free when this returns. May be called again.
  void stop();

 private:
  void run();
  bool accept_one();
  void rest();

  proc::UniqueFd listener_;
  proc::UniqueFd wake_;  // an eventfd
  Take take_;
  std::atomic<std::uint64_t>& errors_;
  std::jthread thread_;
};

}  // namespace topnet::net
