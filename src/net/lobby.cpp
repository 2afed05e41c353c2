#include "net/lobby.h"

#include <algorithm>

namespace topnet::net {

void Lobby::wait_for_slot() {
  std::unique_lock lock(mutex_);
  while (!is_closed_ && slots_.size() >= options_.slots) {
    const auto oldest = std::min_element(
        slots_.begin(), slots_.end(),
        [](const auto& a, const auto& b) { return a.second.since < b.second.since; });
    if (oldest->second.gives_way) {  // it is about to leave
      changed_.wait(lock);
      continue;
    }
    const Deadline end_of_grace = oldest->second.since + options_.grace;
    if (std::chrono::steady_clock::now() < end_of_grace) {
      changed_.wait_until(lock, end_of_grace);
      continue;
    }
    oldest->second.gives_way = true;
    cut_(oldest->first);
  }
}

void Lobby::enter(ConnectionId id, Deadline since) {
  const std::scoped_lock lock(mutex_);
  slots_.emplace(id, Slot{.since = since});
}

void Lobby::leave(ConnectionId id) {
  const std::scoped_lock lock(mutex_);
  slots_.erase(id);
  changed_.notify_one();
}

bool Lobby::has_given_way(ConnectionId id) const {
  const std::scoped_lock lock(mutex_);
  const auto slot = slots_.find(id);
  return slot != slots_.end() && slot->second.gives_way;
}

void Lobby::close() {
  const std::scoped_lock lock(mutex_);
  is_closed_ = true;
  changed_.notify_one();
}

}  // namespace topnet::net
