// The connections whose client is not yet authenticated. They have slots of their own, so that
// unknown clients cannot starve enrolled ones.
//
// Thread-safe, but only one thread may call wait_for_slot() and enter().
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>

#include "net/server/connections.h"
#include "net/stream.h"

namespace topnet::net {

struct PendingConnectionsOptions {
  std::size_t slots = 64;
  // A connection is not evicted before it is this old.
  std::chrono::milliseconds grace{1000};
};

class PendingConnections {
 public:
  // `evict` disconnects a client. The connection's thread then calls leave().
  PendingConnections(const PendingConnectionsOptions& options,
                     std::function<void(ConnectionId)> evict)
      : options_(options), evict_(std::move(evict)) {}

  // Returns when there is a free slot. If all are in use, evicts the first connection to arrive of
  // those whose grace is over. Returns at once after close().
  void wait_for_slot();
  // Occupies a slot. `since` is when the connection began.
  void enter(ConnectionId id, TimePoint since);

  // Releases the slot: the client is authenticated, or the connection has ended. May be called
  // again. False if the connection was evicted.
  bool leave(ConnectionId id);

  // Ends a running wait and all later ones.
  void close();

 private:
  struct Slot {
    TimePoint since;
    bool is_evicted = false;
  };

  PendingConnectionsOptions options_;
  std::function<void(ConnectionId)> evict_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<ConnectionId, Slot> slots_;  // in order of arrival
  bool is_closed_ = false;
};

}  // namespace topnet::net
