// The status port: accepts connections, reads one request from each, and answers it.
//
// A thread for each of a limited number of connections. Whoever is slow is cut by a deadline, and
// gives way to others before that. What is answered is the responder's business.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "net/acceptor.h"
#include "net/connection_threads.h"
#include "net/guess_guard.h"
#include "net/tls.h"
#include "web/access.h"
#include "web/http_responder.h"

namespace topnet::web {

struct HttpServerOptions {
  AccessRules access;
  // The context for a new connection; empty: plain HTTP.
  std::function<std::shared_ptr<const net::TlsContext>()> tls;
  std::chrono::milliseconds head_limit{1000};    // for the whole head to arrive
  std::chrono::milliseconds answer_limit{5000};  // for the whole answer to be taken
  std::size_t max_connections = 64;
};

class HttpServer {
 public:
  // Serves on `listener` (listening, non-blocking) from now on. `troubles` outlives the server.
  // Throws std::system_error where no thread can be had.
  HttpServer(proc::UniqueFd listener, const std::vector<Route>& routes, HttpServerOptions options,
             net::Troubles& troubles);

  // Ends at once.
  ~HttpServer();

 private:
  using SeatId = std::uint64_t;
  // A connection's place among the limited number.
  struct Seat {
    net::Deadline gives_way_from;  // nobody waits for an answer on it, or too slowly
  };

  void accept(proc::UniqueFd socket, const std::string& peer);
  void wait_for_seat();
  void leave(SeatId id);
  void serve(SeatId id, const std::string& peer, int socket);
  void answer(SeatId id, const std::string& peer, int socket);
  std::string answer_to(const std::string& head, const std::string& peer);
  void set_gives_way(SeatId id, net::Deadline from);

  HttpServerOptions options_;
  net::Troubles& troubles_;
  HttpResponder responder_;
  net::GuessGuard guard_;  // of the token
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_ending_ = false;
  std::map<SeatId, Seat> seats_;  // oldest first
  SeatId last_id_ = 0;
  net::ConnectionThreads threads_;
  std::unique_ptr<net::Acceptor> acceptor_;
};

}  // namespace topnet::web
