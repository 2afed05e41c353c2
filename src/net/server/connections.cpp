#include "net/server/connections.h"

#include <utility>

namespace topnet::net {

ConnectionId Connections::open(std::string peer) {
  const std::scoped_lock lock(mutex_);
  const ConnectionId id = accepted_ + 1;
  live_.emplace(
      id, LiveConnection{.id = id, .peer = std::move(peer), .client = {}, .since = base::now()});
  accepted_ = id;
  return id;
}

void Connections::close(ConnectionId id, Outcome outcome) {
  const std::scoped_lock lock(mutex_);
  if (live_.erase(id) == 1) ++outcomes_.at(static_cast<std::size_t>(outcome));
}

void Connections::set_client(ConnectionId id, std::string client) {
  const std::scoped_lock lock(mutex_);
  live_.at(id).client = std::move(client);
}

void Connections::set_phase(ConnectionId id, Phase phase) {
  const std::scoped_lock lock(mutex_);
  live_.at(id).phase = phase;
}

void Connections::count_request(ConnectionId id) {
  const std::scoped_lock lock(mutex_);
  ++live_.at(id).requests;
}

void Connections::count_report_sent() {
  const std::scoped_lock lock(mutex_);
  ++reports_sent_;
}

void Connections::count_client_report_received() {
  const std::scoped_lock lock(mutex_);
  ++client_reports_received_;
}

ConnectionsSnapshot Connections::snapshot() const {
  const std::scoped_lock lock(mutex_);
  ConnectionsSnapshot snapshot{.connections = {},
                               .accepted = accepted_,
                               .outcomes = outcomes_,
                               .reports_sent = reports_sent_,
                               .client_reports_received = client_reports_received_,
                               .handshakes = handshakes_.counts()};
  snapshot.connections.reserve(live_.size());
  for (const auto& [id, connection] : live_) snapshot.connections.push_back(connection);
  return snapshot;
}

}  // namespace topnet::net
