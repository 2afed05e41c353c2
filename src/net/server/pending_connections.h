// Connections without an authenticated client, in a fixed number of slots. A new connection evicts
// another one if all slots are in use. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "net/server/connections.h"
#include "net/stream.h"

namespace topnet::net {

class PendingConnections {
 public:
  // `evict` disconnects a client. The connection's thread then calls leave().
  PendingConnections(std::size_t slots, std::function<void(ConnectionId)> evict)
      : count_(slots), evict_(std::move(evict)) {}

  // Occupies a slot. While all are in use, evicts one connection and waits until it has left: of
  // those that may be evicted, the oldest from the network with the most connections. So a single
  // network cannot displace the clients of others. `network` is that of the client's address,
  // `evictable_from` the time before which the connection is not evicted.
  void enter(ConnectionId id, std::string network, TimePoint evictable_from);

  // Releases the slot. May be called again. False if the connection was evicted.
  bool leave(ConnectionId id);

  // Ends all running waits and all later ones.
  void close();

 private:
  struct Slot {
    std::string network;
    TimePoint evictable_from;
    bool is_evicted = false;
  };
  using Slots = std::map<ConnectionId, Slot>;  // oldest first

  Slots::iterator find_victim(TimePoint now);
  TimePoint next_evictable() const;

  std::size_t count_;
  std::function<void(ConnectionId)> evict_;
  std::mutex mutex_;  // guards the members below
  std::condition_variable changed_;
  Slots slots_;
  std::size_t waiting_ = 0;  // calls of enter()
  std::size_t evicted_ = 0;  // connections that have not left yet
  bool is_closed_ = false;
};

}  // namespace topnet::net
