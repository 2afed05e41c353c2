// Accepts connections and serves each in a thread of its own.
//
// Knows neither /proc nor the state directory: what it needs of them is given to it. It prints
// nothing and handles no signals.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "net/acceptor.h"
#include "net/connection_threads.h"
#include "net/connections.h"
#include "net/session.h"
#include "net/tls.h"

namespace topnet::net {

struct ServerOptions {
  std::chrono::milliseconds handshake_limit{5000};
  SessionLimits limits;
  std::size_t max_clients = 1024;  // enrolled ones, and without TLS everybody
  // The context for a new connection; empty: plaintext, and then everybody is served.
  std::function<std::shared_ptr<const TlsContext>()> tls;
  // The name that the holder of a key is enrolled under; nullopt for a stranger.
  std::function<std::optional<std::string>(const Pin&)> client_name;
  MakeReport make_report;
  std::function<void(const Exchange&)> exchange_done;
  // See SessionHooks.
  decltype(SessionHooks::join) join = SessionHooks().join;
  decltype(SessionHooks::next_pin) next_pin = SessionHooks().next_pin;
  decltype(SessionHooks::learned) learned = SessionHooks().learned;
};

class Server {
 public:
  // Serves on `listener` (listening, non-blocking) from now on. `connections` outlives the server.
  // Throws std::system_error where no thread can be had.
  Server(proc::UniqueFd listener, ServerOptions options, Connections& connections);

  // Ends at once what is left.
  ~Server();

  // Accepts no more, ends what waits for its client, and lets running exchanges end. Returns when
  // all have, or after `patience`.
  void shut_down(std::chrono::milliseconds patience);

  // Tells those who are not enrolled any more, and ends their connections.
  void check_enrolments();
  // Cuts off those whom an earlier call has told, and who are still there: in the middle of a
  // frame, or with a report that they do not read.
  void cut_revoked();

  // Cuts every connection off. May be called while another thread is in shut_down().
  void cut_all();

 private:
  void accept(proc::UniqueFd socket, const sockaddr_storage& peer);
  void serve(ConnectionId id, const std::string& peer, int socket);
  Outcome shake_hands_and_run(ConnectionId id, const std::string& peer, int socket);
  Outcome run(Stream& stream, const SessionPeer& peer, int socket);
  SessionHooks hooks_for(Stream& stream, ConnectionId id, int socket);
  std::optional<std::string> let_in(ConnectionId id, const Pin& pin, int socket);
  void forget(ConnectionId id);
  bool is_revoked(ConnectionId id);
  bool take_place();
  bool wait_for_client(const Stream& stream, int socket, Deadline deadline) const;
  void wait_until(int socket, Deadline end) const;
  void cut_those_in(std::initializer_list<Phase> phases);

  // Whose key is known, and may become unknown.
  struct Enrolled {
    Pin pin;
    int socket;
    bool is_revoked = false;
  };

  ServerOptions options_;
  Connections& connections_;
  std::atomic<std::size_t> places_taken_ = 0;       // by clients that are being served
  proc::UniqueFd shut_down_;                        // an eventfd, readable from shut_down() on
  std::atomic<Deadline> drained_{Deadline::max()};  // when all connections are to have ended
  std::mutex mutex_;
  std::map<ConnectionId, int> sockets_;        // of live connections; guarded by mutex_
  std::map<ConnectionId, Enrolled> enrolled_;  // live connections; guarded by mutex_
  ConnectionThreads threads_;
  std::unique_ptr<Acceptor> acceptor_;
};

}  // namespace topnet::net
