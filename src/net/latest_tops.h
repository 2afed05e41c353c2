// The newest tops, in memory: of all clients together, and of each one. Used by one thread at a
// time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/received_top.h"

namespace topnet::net {

// The newest tops of one client, the newest first; there is one at least.
using ClientTops = std::vector<ReceivedTop>;

class LatestTops {
 public:
  static constexpr std::size_t kMost = 100;
  static constexpr std::size_t kMostOfClient = 4;
  static constexpr std::size_t kMostClients = 1000;  // those that reported last

  explicit LatestTops(const TopLimits& limits) : limits_(limits) {}

  // Adds a top that came after all the others. Numbers count all tops, also those that are not
  // added here; the number must be greater than any before.
  void add(const ReceivedTop& top, std::uint64_t number);
  void add(const ReceivedTop& top) { add(top, next_); }

  // newest() and clients() leave out tops beyond the limits. The newest first, kMost at most.
  std::vector<ReceivedTop> newest() const;
  // The client that reported last comes first.
  std::vector<ClientTops> clients() const;

  // When each client with a name last reported, also if that top is beyond the limits.
  std::map<std::string, proc::WallTime> heard() const;

 private:
  struct Entry {
    std::uint64_t number;
    std::shared_ptr<const ReceivedTop> top;
  };

  bool is_kept(const Entry& entry) const;

  TopLimits limits_;
  std::uint64_t next_ = 0;    // number
  std::deque<Entry> newest_;  // the newest first, as in
  std::map<std::string, std::deque<Entry>> by_client_;
  // The key of each client by the number of its newest top, the greatest first.
  std::map<std::uint64_t, std::string, std::greater<>> heard_;
};

}  // namespace topnet::net
