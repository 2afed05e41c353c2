#include "net/server/pending_connections.h"

#include <algorithm>
#include <string_view>

namespace topnet::net {

void PendingConnections::enter(ConnectionId id, std::string network, TimePoint evictable_from) {
  std::unique_lock lock(mutex_);
  ++waiting_;
  while (!is_closed_ && slots_.size() >= count_) {
    // With more waiting connections than slots, all can have been evicted.
    if (evicted_ >= std::min(waiting_, slots_.size())) {
      changed_.wait(lock);  // the evicted connections are about to leave
    } else if (const auto victim = find_victim(std::chrono::steady_clock::now());
               victim != slots_.end()) {
      victim->second.is_evicted = true;
      ++evicted_;
      evict_(victim->first);
    } else {
      changed_.wait_until(lock, next_evictable());
    }
  }
  --waiting_;
  slots_.emplace(id, Slot{.network = std::move(network), .evictable_from = evictable_from});
}

PendingConnections::Slots::iterator PendingConnections::find_victim(TimePoint now) {
  std::map<std::string_view, std::size_t> per_network;
  for (const auto& [id, slot] : slots_) ++per_network[slot.network];
  auto victim = slots_.end();
  std::size_t most = 0;
  for (auto each = slots_.begin(); each != slots_.end(); ++each) {
    const Slot& slot = each->second;
    if (slot.is_evicted || slot.evictable_from > now) continue;
    if (const std::size_t count = per_network[slot.network]; count > most) {
      victim = each;
      most = count;
    }
  }
  return victim;
}

// Called if no connection may be evicted now, and not all have been.
TimePoint PendingConnections::next_evictable() const {
  TimePoint next = TimePoint::max();
  for (const auto& [id, slot] : slots_) {
    if (!slot.is_evicted) next = std::min(next, slot.evictable_from);
  }
  return next;
}

bool PendingConnections::leave(ConnectionId id) {
  const std::scoped_lock lock(mutex_);
  const auto slot = slots_.find(id);
  if (slot == slots_.end()) return true;
  const bool was_evicted = slot->second.is_evicted;
  if (was_evicted) --evicted_;
  slots_.erase(slot);
  changed_.notify_all();
  return !was_evicted;
}

void PendingConnections::close() {
  const std::scoped_lock lock(mutex_);
  is_closed_ = true;
  changed_.notify_all();
}

}  // namespace topnet::net
