#include "net/enrolments.h"

namespace topnet::net {

std::optional<std::string> Enrolments::let_in(ConnectionId id, const Pin& pin) {
  if (!client_name_(pin)) return std::nullopt;
  {
    const std::scoped_lock lock(mutex_);
    enrolled_.emplace(id, Enrolled{.pin = pin});
  }
  // Once more, since it may have been revoked before it could be found.
  auto name = client_name_(pin);
  if (!name) forget(id);
  return name;
}

void Enrolments::forget(ConnectionId id) {
  const std::scoped_lock lock(mutex_);
  enrolled_.erase(id);
}

bool Enrolments::is_revoked(ConnectionId id) const {
  const std::scoped_lock lock(mutex_);
  const auto found = enrolled_.find(id);
  return found != enrolled_.end() && found->second.is_revoked;
}

std::vector<ConnectionId> Enrolments::find_newly_revoked() {
  std::vector<std::pair<ConnectionId, Pin>> known;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [id, enrolled] : enrolled_) {
      if (!enrolled.is_revoked) known.emplace_back(id, enrolled.pin);
    }
  }
  std::vector<ConnectionId> found;
  for (const auto& [id, pin] : known) {
    if (client_name_(pin)) continue;  // not under the lock: it may look into a file
    const std::scoped_lock lock(mutex_);
    const auto entry = enrolled_.find(id);
    if (entry == enrolled_.end()) continue;
    entry->second.is_revoked = true;
    found.push_back(id);
  }
  return found;
}

std::vector<ConnectionId> Enrolments::revoked() const {
  const std::scoped_lock lock(mutex_);
  std::vector<ConnectionId> found;
  for (const auto& [id, enrolled] : enrolled_) {
    if (enrolled.is_revoked) found.push_back(id);
  }
  return found;
}

}  // namespace topnet::net
