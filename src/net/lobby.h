// The connections whose key is not known yet. They have slots of their own, so that strangers
// cannot starve those who are let in.
//
// Any thread may call anything, but one alone waits for slots and enters.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>

#include "net/connections.h"
#include "net/stream.h"

namespace topnet::net {

struct LobbyOptions {
  std::size_t slots = 64;
  // So long nobody has to give way to others.
  std::chrono::milliseconds grace{1000};
};

class Lobby {
 public:
  // `cut` ends the connection of whoever gives way, who leaves then.
  Lobby(const LobbyOptions& options, std::function<void(ConnectionId)> cut)
      : options_(options), cut_(std::move(cut)) {}

  // Returns when there is a slot. Where all are taken, the oldest connection gives way as soon as
  // it has been there for longer than the grace. Returns at once when the lobby is closed.
  void wait_for_slot();
  // Takes a slot. `since` is when the connection has begun.
  void enter(ConnectionId id, Deadline since);

  // Gives the slot back: the key is known, or the connection has ended. May be called again. False
  // where it had to give way.
  bool leave(ConnectionId id);

  // Nobody waits from now on.
  void close();

 private:
  struct Slot {
    Deadline since;
    bool gives_way = false;
  };

  LobbyOptions options_;
  std::function<void(ConnectionId)> cut_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<ConnectionId, Slot> slots_;  // in the order of their arrival
  bool is_closed_ = false;
};

}  // namespace topnet::net
