// The newest tops, in memory: of all clients together, and of each one. Used by one thread at a
// time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/received_top.h"

namespace topnet::net {

// What one client has sent last, the newest first; there is one at least.
using ClientTops = std::vector<ReceivedTop>;

class LatestTops {
 public:
  static constexpr std::size_t kMost = 100;
  static constexpr std::size_t kMostOfClient = 4;
  static constexpr std::size_t kMostClients = 1000;  // those that were heard last

  explicit LatestTops(const TopLimits& limits) : limits_(limits) {}

  // A top that came behind all the others.
  void add(const ReceivedTop& top);

  // Both without those that are let go by now. The newest first, kMost at most.
  std::vector<ReceivedTop> newest() const;
  // Whoever was heard last comes first. A client without a name is told from others by the host
  // that it says.
  std::vector<ClientTops> clients() const;

  // When each client with a name was heard last, also where what it said is let go by now.
  std::map<std::string, proc::WallTime> heard() const;

  // Each of these, once, the oldest first.
  std::vector<ReceivedTop> all() const;

 private:
  struct Entry {
    std::uint64_t number;  // how many came before it
    std::shared_ptr<const ReceivedTop> top;
  };
  using Client = std::pair<std::optional<std::string>, std::optional<std::string>>;

  bool is_kept(const Entry& entry) const;

  TopLimits limits_;
  std::uint64_t added_ = 0;
  std::deque<Entry> newest_;  // the newest first, as in
  std::map<Client, std::deque<Entry>> by_client_;
  // Each client by the number of its newest top: who was heard last comes first.
  std::map<std::uint64_t, Client, std::greater<>> heard_;
};

}  // namespace topnet::net
