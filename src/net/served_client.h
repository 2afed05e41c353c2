// One connection of a client at the server: the handshake, who it is, its place, and the session.
// What all connections have in common is the server's.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "net/connections.h"
#include "net/enrolments.h"
#include "net/lobby.h"
#include "net/places.h"
#include "net/server_options.h"
#include "net/session.h"
#include "net/stream.h"
#include "net/tls.h"
#include "proc/unique_fd.h"

namespace topnet::net {

// What all connections of a server have in common. Any thread may use any of it.
struct ServerState {
  // `cut` ends a connection that has to give way in the lobby.
  ServerState(const ServerOptions& given, ServerDelegate& program, Connections& all,
              std::function<void(ConnectionId)> cut);

  ServerOptions options;
  ServerDelegate& delegate;
  Connections& connections;
  Enrolments enrolments;
  Places places;
  Lobby lobby;
  proc::UniqueFd shut_down;                         // an eventfd, readable once the server ends
  std::atomic<Deadline> drained = Deadline::max();  // when all connections are to have ended
};

class ServedClient final : public SessionConnection {
 public:
  // `socket` is connected, non-blocking and not owned; `server` outlives the object.
  ServedClient(ServerState& server, ConnectionId id, std::string peer, int socket);

  // Serves it to its end, and returns how it ended; or nullopt where it is waited for, as
  // Session::run() does.
  std::optional<Outcome> serve();

  // Where there is no thread for it: tells it that the server is busy, within three seconds.
  void turn_away();

  // For the session.
  std::variant<Joined, Refusal> join(const JoinRequest& request, const SessionPeer& peer) override;
  bool is_revoked() const override { return server_.enrolments.is_revoked(peer_.id); }
  Wake wait_for_client(Deadline end) override;
  void wait_for_input(Deadline deadline) override;
  void wait_until(Deadline end) override;

 private:
  std::optional<Outcome> receive();
  std::optional<Outcome> receive_with_tls();
  Outcome end_busy();
  bool take_place();

  ServerState& server_;
  SessionPeer peer_;
  int socket_;
  std::optional<Places::Place> place_;  // once it is known who it is
  // Each is used by the next.
  std::shared_ptr<const TlsContext> context_;
  std::unique_ptr<Stream> stream_;
  std::optional<Session> session_;
};

}  // namespace topnet::net
