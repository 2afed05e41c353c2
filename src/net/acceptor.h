// The accept loop of both ports, the protocol's and the status port: a thread that passes each new
// connection on, of any number of listening sockets, and continues after every error of accept(2).
#pragma once

#include <sys/socket.h>

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "net/resource_errors.h"

namespace topnet::net {

struct AcceptorOptions {
  std::string name;  // of the thread
  // Gets each connection (non-blocking, closed on exec), in the acceptor's thread. An exception
  // counts as a failure to accept.
  std::function<void(base::UniqueFd socket, const sockaddr_storage& peer)> on_connection;
  // Blocks until another connection may be accepted. Has to return soon while the acceptor stops.
  std::function<void()> wait_for_capacity = [] {};
};

class Acceptor {
 public:
  // Starts the thread. `resource_errors` outlives the acceptor. Throws std::system_error if the
  // thread cannot be started.
  Acceptor(std::vector<base::UniqueFd> listeners, AcceptorOptions options,
           ResourceErrors& resource_errors);

  // Stops, as stop() does.
  ~Acceptor();
  Acceptor(Acceptor&&) = delete;

  // Stops accepting; the ports are free when this returns. May be called again.
  void stop();

 private:
  void run();
  void accept_from(int listener);
  int accept_one(int listener) const;
  void back_off(int milliseconds);

  std::vector<base::UniqueFd> listeners_;
  base::UniqueFd wake_;  // an eventfd
  AcceptorOptions options_;
  ResourceErrors& resource_errors_;
  std::jthread thread_;
};

}  // namespace topnet::net
