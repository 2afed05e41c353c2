// How often something took how long: counts by duration, and their sum. Any thread may call
// anything of DurationCounter.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <numeric>

namespace topnet::proc {

// What took exactly so long is counted with what was quicker.
inline constexpr std::array<std::chrono::microseconds, 13> kDurationBounds{
    {std::chrono::microseconds(500), std::chrono::microseconds(1000),
     std::chrono::microseconds(2500), std::chrono::microseconds(5000),
     std::chrono::microseconds(10000), std::chrono::microseconds(25000),
     std::chrono::microseconds(50000), std::chrono::microseconds(100000),
     std::chrono::microseconds(250000), std::chrono::microseconds(500000),
     std::chrono::microseconds(1000000), std::chrono::microseconds(2500000),
     std::chrono::microseconds(5000000)}};

struct DurationCounts {
  // By the first bound that is not exceeded; the last is of what exceeds all of them.
  std::array<std::uint64_t, kDurationBounds.size() + 1> counts{};
  std::chrono::nanoseconds sum{0};

  std::uint64_t total() const {
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  }
};

class DurationCounter {
 public:
  void add(std::chrono::nanoseconds duration) {
    const auto* const bound =
        std::lower_bound(kDurationBounds.begin(), kDurationBounds.end(), duration);
    const std::scoped_lock lock(mutex_);
    ++counts_.counts.at(static_cast<std::size_t>(bound - kDurationBounds.begin()));
    counts_.sum += duration;
  }

  DurationCounts counts() const {
    const std::scoped_lock lock(mutex_);
    return counts_;
  }

 private:
  mutable std::mutex mutex_;
  DurationCounts counts_;
};

}  // namespace topnet::proc
