// Accepts connections and serves each in a thread of its own.
//
// Reaches /proc and the state directory only through its ServerDelegate. Prints nothing and handles
// no signals.
#pragma once

#include <chrono>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "net/acceptor.h"
#include "net/connection_threads.h"
#include "net/resource_errors.h"
#include "net/server/client_handler.h"
#include "net/server/connections.h"
#include "net/server/server_options.h"

namespace topnet::net {

// Called repeatedly during a long wait.
struct PeriodicTask {
  std::chrono::milliseconds every{1000};
  std::function<void()> action = [] {};
};

class Server {
 public:
  // Starts to serve on `listeners` (listening, non-blocking). All references must outlive the
  // server. Throws std::system_error if no thread can be started.
  Server(std::vector<base::UniqueFd> listeners, const ServerOptions& options,
         ServerDelegate& delegate, Connections& connections, ResourceErrors& resource_errors);

  // Disconnects all clients.
  ~Server();

  // Stops accepting, ends the connections that wait for their client, and lets running exchanges
  // end. Returns when all connections have ended, or after `timeout`.
  void shut_down(std::chrono::milliseconds timeout, const PeriodicTask& periodic = {});

  // Finds clients that have been revoked, tells them so, and ends their connections.
  void check_enrolments();
  // Disconnects clients that an earlier call found revoked and that are still connected: they are
  // in the middle of a frame, or do not read.
  void disconnect_revoked();

  // Joins the threads of connections that have ended.
  void reap_threads() { threads_.reap(); }

  // Disconnects all clients. May be called while another thread is in shut_down().
  void disconnect_all();

 private:
  void accept(base::UniqueFd socket, const sockaddr_storage& peer);
  ServeResult serve(ConnectionId id, ClientHandler& client);
  void reject(ConnectionId id, ClientHandler& client);
  void end(ConnectionId id, Outcome outcome);
  void stop_accepting();
  void wait_until_all_ended(Deadline deadline, const PeriodicTask& periodic);
  void disconnect_in(std::initializer_list<Phase> phases);

  ServerContext context_;
  ResourceErrors& resource_errors_;
  ConnectionThreads threads_;
  std::unique_ptr<Acceptor> acceptor_;
};

}  // namespace topnet::net
