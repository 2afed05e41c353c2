// The status port: accepts connections, reads one request from each, and sends the response.
//
// Each connection has a thread and one of a limited number of slots. Deadlines end slow
// connections; if all slots are in use, a slow connection is evicted before its deadline.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "net/acceptor.h"
#include "net/attempt_limiter.h"
#include "net/connection_threads.h"
#include "net/tls/tls.h"
#include "web/access.h"
#include "web/http_responder.h"

namespace topnet::web {

struct HttpServerOptions {
  AccessRules access;
  // The TLS context for a new connection; empty: plain HTTP.
  std::function<std::shared_ptr<const net::TlsContext>()> tls;
  // Called for each failed TLS handshake, by the connection's thread. `host` has no port.
  std::function<void(const std::string& host, const std::string& why)> handshake_failed =
      [](const std::string&, const std::string&) {};
  std::chrono::milliseconds head_limit{1000};      // for receiving the complete head
  std::chrono::milliseconds response_limit{5000};  // for sending the complete response
  // Before the response to a wrong token, after too many of them from the same network.
  std::chrono::milliseconds guess_delay{500};
  std::size_t max_connections = 64;
};

class HttpServer {
 public:
  // Serves on `listener` (listening, non-blocking). `resource_errors` outlives the server. Throws
  // std::system_error if no thread can be started.
  HttpServer(base::UniqueFd listener, const std::vector<Route>& routes, HttpServerOptions options,
             net::ResourceErrors& resource_errors);

  // Closes all connections.
  ~HttpServer();

  // Replaces the token that requests must carry.
  void set_token(std::string token);

 private:
  using Clock = std::chrono::steady_clock;
  using SlotId = std::uint64_t;
  struct Slot {
    Clock::time_point evictable_from;
  };

  AccessRules access();
  void accept(base::UniqueFd socket, const std::string& peer);
  void wait_for_slot();
  void release_slot(SlotId id);
  void set_evictable_from(SlotId id, Clock::time_point time);
  void serve(SlotId id, const std::string& peer, int socket);
  void handle_request(SlotId id, const std::string& peer, int socket);
  std::string response_to(const std::string& head, const std::string& peer);
  void delay_guess();

  HttpServerOptions options_;  // `access.token` is guarded by mutex_
  net::ResourceErrors& resource_errors_;
  HttpResponder responder_;
  net::AttemptLimiter token_attempts_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_ending_ = false;
  std::map<SlotId, Slot> slots_;  // oldest first
  SlotId last_id_ = 0;
  net::ConnectionThreads threads_;
  std::unique_ptr<net::Acceptor> acceptor_;
};

}  // namespace topnet::web
