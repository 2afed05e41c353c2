// Counts durations by size, and adds them up. Histogram is thread-safe.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <numeric>

namespace topnet::base {

// Upper bounds, inclusive.
inline constexpr std::array<std::chrono::microseconds, 13> kHistogramBounds{
    {std::chrono::microseconds(500), std::chrono::microseconds(1000),
     std::chrono::microseconds(2500), std::chrono::microseconds(5000),
     std::chrono::microseconds(10000), std::chrono::microseconds(25000),
     std::chrono::microseconds(50000), std::chrono::microseconds(100000),
     std::chrono::microseconds(250000), std::chrono::microseconds(500000),
     std::chrono::microseconds(1000000), std::chrono::microseconds(2500000),
     std::chrono::microseconds(5000000)}};

struct HistogramCounts {
  // One for each bound, and a last one for durations above all bounds. Not cumulative.
  std::array<std::uint64_t, kHistogramBounds.size() + 1> counts{};
  std::chrono::nanoseconds sum{0};

  std::uint64_t total() const {
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  }
};

class Histogram {
 public:
  void add(std::chrono::nanoseconds duration) {
    const auto* const bound =
        std::lower_bound(kHistogramBounds.begin(), kHistogramBounds.end(), duration);
    const std::scoped_lock lock(mutex_);
    ++counts_.counts.at(static_cast<std::size_t>(bound - kHistogramBounds.begin()));
    counts_.sum += duration;
  }

  HistogramCounts counts() const {
    const std::scoped_lock lock(mutex_);
    return counts_;
  }

 private:
  mutable std::mutex mutex_;
  HistogramCounts counts_;
};

}  // namespace topnet::base
