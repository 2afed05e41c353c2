#include "net/lobby.h"

#include <algorithm>

namespace topnet::net {

void Lobby::wait_for_slot() {
  std::unique_lock lock(mutex_);
  while (!is_closed_ && slots_.size() >= options_.slots) {
    const auto gives_way = std::find_if(slots_.begin(), slots_.end(),
                                        [](const auto& slot) { return slot.second.gives_way; });
    if (gives_way != slots_.end()) {  // it is about to leave
      changed_.wait(lock);
      continue;
    }
    const Deadline latest = std::chrono::steady_clock::now() - options_.grace;
    const auto oldest = std::find_if(slots_.begin(), slots_.end(),
                                     [&](const auto& slot) { return slot.second.since <= latest; });
    if (oldest != slots_.end()) {
      oldest->second.gives_way = true;
      cut_(oldest->first);
      continue;
    }
    const auto next = std::min_element(
        slots_.begin(), slots_.end(),
        [](const auto& a, const auto& b) { return a.second.since < b.second.since; });
    changed_.wait_until(lock, next->second.since + options_.grace);
  }
}

void Lobby::enter(ConnectionId id, Deadline since) {
  const std::scoped_lock lock(mutex_);
  slots_.emplace(id, Slot{.since = since});
}

bool Lobby::leave(ConnectionId id) {
  const std::scoped_lock lock(mutex_);
  const auto slot = slots_.find(id);
  if (slot == slots_.end()) return true;
  const bool gave_way = slot->second.gives_way;
  slots_.erase(slot);
  changed_.notify_one();
  return !gave_way;
}

void Lobby::close() {
  const std::scoped_lock lock(mutex_);
  is_closed_ = true;
  changed_.notify_one();
}

}  // namespace topnet::net
