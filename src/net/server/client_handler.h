// Serves one client's connection: TLS handshake, authentication, slot, session.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/unique_fd.h"
#include "net/server/client_slots.h"
#include "net/server/connections.h"
#include "net/server/pending_connections.h"
#include "net/server/revocations.h"
#include "net/server/server_options.h"
#include "net/server/session.h"
#include "net/stream.h"
#include "net/tls/tls.h"

namespace topnet::net {

// Shared by all connections of a server. Thread-safe.
struct ServerContext {
  // `evict` disconnects a client.
  ServerContext(const ServerOptions& server_options, ServerDelegate& server_delegate,
                Connections& all_connections, const std::function<void(ConnectionId)>& evict);

  ServerOptions options;
  ServerDelegate& delegate;
  Connections& connections;
  RevocationTracker revocations;
  // A connection has a slot in `handshakes` at first. Then it moves to `clients` or to `unknown`.
  PendingConnections handshakes;
  PendingConnections unknown;  // also those that are told why they are refused
  ClientSlots clients;
  base::UniqueFd shut_down;  // an eventfd, readable once the server shuts down
  std::atomic<Deadline> drain_deadline = Deadline::max();
};

class ClientHandler final : public SessionConnection {
 public:
  // `socket` is connected, non-blocking and not owned. `server` must outlive the object.
  // `network` is that of the client's address.
  ClientHandler(ServerContext& server, ConnectionId id, std::string peer, std::string network,
                int socket);

  // Serves the client until its connection ends, and returns how it ended. Returns nullopt, like
  // ServerSession::run(), when it should be called again in a new thread (ServeResult::HandOff).
  std::optional<Outcome> serve();

  // Tells the client that the server is busy, within three seconds. For a client without a thread.
  void reject_without_thread();

  // SessionConnection:
  std::variant<Joined, Refusal> join(const JoinRequest& request, const SessionPeer& peer) override;
  bool is_revoked() const override { return server_.revocations.is_revoked(peer_.id); }
  WaitResult wait_for_client(Deadline end) override;
  void wait_for_input(Deadline deadline) override;
  void wait_until(Deadline end) override;

 private:
  std::optional<Outcome> begin();
  std::optional<Outcome> shake_hands();
  bool acquire_slot();
  bool become_unknown();
  Outcome reject(Stream& stream, const Refusal& refusal, Outcome outcome);

  ServerContext& server_;
  SessionPeer peer_;
  std::string network_;
  int socket_;
  std::optional<ClientSlots::Slot> slot_;  // once the client is authenticated
  // Each refers to the one before it.
  std::shared_ptr<const TlsContext> context_;
  std::unique_ptr<Stream> stream_;
  std::optional<ServerSession> session_;
};

}  // namespace topnet::net
