#include "net/server/revocations.h"

namespace topnet::net {

std::optional<std::string> RevocationTracker::admit(ConnectionId id, const Pin& pin) {
  if (!client_name_(pin)) return std::nullopt;
  {
    const std::scoped_lock lock(mutex_);
    enrolled_.emplace(id, Enrolled{.pin = pin});
  }
  // Checked again, because a revocation before emplace() is not found by find_newly_revoked().
  auto name = client_name_(pin);
  if (!name) forget(id);
  return name;
}

void RevocationTracker::forget(ConnectionId id) {
  const std::scoped_lock lock(mutex_);
  enrolled_.erase(id);
}

bool RevocationTracker::is_revoked(ConnectionId id) const {
  const std::scoped_lock lock(mutex_);
  const auto found = enrolled_.find(id);
  return found != enrolled_.end() && found->second.is_revoked;
}

std::vector<ConnectionId> RevocationTracker::find_newly_revoked() {
  std::vector<std::pair<ConnectionId, Pin>> known;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [id, enrolled] : enrolled_) {
      if (!enrolled.is_revoked) known.emplace_back(id, enrolled.pin);
    }
  }
  std::vector<ConnectionId> found;
  for (const auto& [id, pin] : known) {
    if (client_name_(pin)) continue;  // without the lock: it may read a file
    const std::scoped_lock lock(mutex_);
    const auto entry = enrolled_.find(id);
    if (entry == enrolled_.end()) continue;
    entry->second.is_revoked = true;
    found.push_back(id);
  }
  return found;
}

std::vector<ConnectionId> RevocationTracker::revoked() const {
  const std::scoped_lock lock(mutex_);
  std::vector<ConnectionId> found;
  for (const auto& [id, enrolled] : enrolled_) {
    if (enrolled.is_revoked) found.push_back(id);
  }
  return found;
}

}  // namespace topnet::net
