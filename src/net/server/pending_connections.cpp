#include "net/server/pending_connections.h"

#include <algorithm>

namespace topnet::net {

void PendingConnections::wait_for_slot() {
  std::unique_lock lock(mutex_);
  while (!is_closed_ && slots_.size() >= options_.slots) {
    if (std::any_of(slots_.begin(), slots_.end(),
                    [](const auto& slot) { return slot.second.is_evicted; })) {
      changed_.wait(lock);  // the evicted connection is about to leave
      continue;
    }
    const TimePoint latest = std::chrono::steady_clock::now() - options_.grace;
    const auto oldest = std::find_if(slots_.begin(), slots_.end(),
                                     [&](const auto& slot) { return slot.second.since <= latest; });
    if (oldest != slots_.end()) {
      oldest->second.is_evicted = true;
      evict_(oldest->first);
      continue;
    }
    const auto next = std::min_element(
        slots_.begin(), slots_.end(),
        [](const auto& a, const auto& b) { return a.second.since < b.second.since; });
    changed_.wait_until(lock, next->second.since + options_.grace);
  }
}

void PendingConnections::enter(ConnectionId id, TimePoint since) {
  const std::scoped_lock lock(mutex_);
  slots_.emplace(id, Slot{.since = since});
}

bool PendingConnections::leave(ConnectionId id) {
  const std::scoped_lock lock(mutex_);
  const auto slot = slots_.find(id);
  if (slot == slots_.end()) return true;
  const bool was_evicted = slot->second.is_evicted;
  slots_.erase(slot);
  changed_.notify_one();
  return !was_evicted;
}

void PendingConnections::close() {
  const std::scoped_lock lock(mutex_);
  is_closed_ = true;
  changed_.notify_one();
}

}  // namespace topnet::net
