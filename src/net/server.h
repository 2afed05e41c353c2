// Accepts connections and serves each in a thread of its own.
//
// Knows neither /proc nor the state directory: what it needs of them is given to it. It prints
// nothing and handles no signals.
#pragma once

#include <chrono>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>

#include "net/acceptor.h"
#include "net/connection_threads.h"
#include "net/connections.h"
#include "net/served_client.h"
#include "net/server_options.h"
#include "net/troubles.h"

namespace topnet::net {

// What is done over and over while something is waited for.
struct Meanwhile {
  std::chrono::milliseconds every{1000};
  std::function<void()> action = [] {};
};

class Server {
 public:
  // Serves on `listener` (listening, non-blocking) from now on. What is referred to outlives the
  // server. Throws std::system_error if no thread can be started.
  Server(proc::UniqueFd listener, const ServerOptions& options, ServerDelegate& delegate,
         Connections& connections, Troubles& troubles);

  // Ends at once what is left.
  ~Server();

  // Accepts no more, ends what waits for its client, and lets running exchanges end. Returns when
  // all have, or after `patience`.
  void shut_down(std::chrono::milliseconds patience, const Meanwhile& meanwhile = {});

  // Tells those who are not enrolled any more, and ends their connections.
  void check_enrolments();
  // Cuts off those whom an earlier call has told, and who are still there: in the middle of a
  // frame, or with a report that they do not read.
  void cut_revoked();

  // Gives back what connections have left that have ended.
  void tidy_up() { threads_.reap(); }

  // Cuts every connection off. May be called while another thread is in shut_down().
  void cut_all();

 private:
  void accept(proc::UniqueFd socket, const sockaddr_storage& peer);
  Next serve(ConnectionId id, ServedClient& client);
  void turn_away(ConnectionId id, ServedClient& client);
  void end(ConnectionId id, Outcome outcome);
  void stop_accepting();
  void wait_until_all_ended(Deadline deadline, const Meanwhile& meanwhile);
  void cut_those_in(std::initializer_list<Phase> phases);

  ServerState state_;
  Troubles& troubles_;
  ConnectionThreads threads_;
  std::unique_ptr<Acceptor> acceptor_;
};

}  // namespace topnet::net
