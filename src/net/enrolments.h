// The live connections of enrolled clients, and which of them have been revoked since. A stranger
// is never among them: what is no client cannot be revoked, while it joins least of all.
//
// Any thread may call anything.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/connections.h"
#include "net/pin.h"

namespace topnet::net {

class Enrolments {
 public:
  // The name that the holder of a key is enrolled under right now; nullopt for a stranger.
  using ClientName = std::function<std::optional<std::string>(const Pin&)>;

  explicit Enrolments(ClientName client_name) : client_name_(std::move(client_name)) {}

  // The name of an enrolled client, whose connection is from now on looked at; nullopt for a
  // stranger. Throws what the function throws.
  std::optional<std::string> let_in(ConnectionId id, const Pin& pin);
  // The connection has ended.
  void forget(ConnectionId id);

  bool is_revoked(ConnectionId id) const;

  // Looks at all connections again, and returns those whose client is none any more, and was one at
  // the last look. Throws what the function throws.
  std::vector<ConnectionId> find_newly_revoked();
  // All of revoked clients that are still there.
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
