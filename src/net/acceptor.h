// The accept loop, of the protocol's port and of the status port alike: a thread that hands every
// connection on, and lives through everything that accept(2) can say.
#pragma once

#include <sys/socket.h>

#include <functional>
#include <string>
#include <thread>

#include "net/troubles.h"
#include "proc/unique_fd.h"

namespace topnet::net {

struct AcceptorOptions {
  std::string name;  // of the thread
  // What becomes of a connection (non-blocking, closed on exec). Called in the acceptor's thread.
  // Where it throws, that counts as a failure to accept.
  std::function<void(proc::UniqueFd socket, const sockaddr_storage& peer)> take;
  // Returns when another connection may be accepted, and soon when the acceptor is to stop.
  std::function<void()> wait_for_room = [] {};
};

class Acceptor {
 public:
  // Starts the thread. `troubles` outlives the acceptor. Throws std::system_error where no thread
  // can be had.
  Acceptor(proc::UniqueFd listener, AcceptorOptions options, Troubles& troubles);

  // Stops, as stop() does.
  ~Acceptor();
  Acceptor(Acceptor&&) = delete;

  // Accepts no more; the port is free when this returns. May be called again.
  void stop();

 private:
  void run();
  int accept_one();
  void rest(int milliseconds);

  proc::UniqueFd listener_;
  proc::UniqueFd wake_;  // an eventfd
  AcceptorOptions options_;
  Troubles& troubles_;
  std::jthread thread_;
};

}  // namespace topnet::net
