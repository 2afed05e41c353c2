// The live connections of enrolled clients, and which of these clients have been revoked.
// Connections of unknown clients are not tracked, so that a client that is about to join never
// looks revoked.
//
// Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/server/connections.h"
#include "net/tls/pin.h"

namespace topnet::net {

class RevocationTracker {
 public:
  // The current name of the client with a key; nullopt for an unknown key.
  using ClientName = std::function<std::optional<std::string>(const Pin&)>;

  explicit RevocationTracker(ClientName client_name) : client_name_(std::move(client_name)) {}

  // Returns the client's name and tracks its connection; nullopt for an unknown key. Throws what
  // the function throws.
  std::optional<std::string> admit(ConnectionId id, const Pin& pin);
  // Stops tracking a connection, if it is tracked.
  void forget(ConnectionId id);

  bool is_revoked(ConnectionId id) const;

  // Checks all connections, and returns those whose client has been revoked since the last call.
  // Throws what the function throws.
  std::vector<ConnectionId> find_newly_revoked();
  // The live connections of all revoked clients.
  std::vector<ConnectionId> revoked() const;

 private:
  struct Enrolled {
    Pin pin;
    bool is_revoked = false;
  };

  ClientName client_name_;
  mutable std::mutex mutex_;
  std::map<ConnectionId, Enrolled> enrolled_;
};

}  // namespace topnet::net
