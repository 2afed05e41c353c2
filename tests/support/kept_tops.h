// Keeps tops in memory, as a server keeps them on its disk.
#pragma once

#include <algorithm>
#include <mutex>
#include <vector>

#include "net/received_top.h"

namespace topnet::test {

// Any thread may call anything.
class KeptTops {
 public:
  // False where its id is there already.
  bool keep(const net::ReceivedTop& top) {
    const std::scoped_lock lock(mutex_);
    const bool is_known = std::any_of(tops_.begin(), tops_.end(),
                                      [&](const auto& each) { return each.top.id == top.top.id; });
    if (!is_known) tops_.push_back(top);
    return !is_known;
  }

  // The oldest first.
  std::vector<net::ReceivedTop> all() const {
    const std::scoped_lock lock(mutex_);
    return tops_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<net::ReceivedTop> tops_;
};

}  // namespace topnet::test
