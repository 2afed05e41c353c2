// Slows down whoever guesses at invites or at a token: five failures a minute for each source
// address. Any thread may call anything.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace topnet::net {

class GuessGuard {
 public:
  using Clock = std::chrono::steady_clock;

  // Somebody tries, until this is destroyed.
  class Try {
   public:
    Try(GuessGuard& guard, std::string network) : guard_(&guard), network_(std::move(network)) {}
    Try(Try&& other) noexcept
        : guard_(std::exchange(other.guard_, nullptr)), network_(std::move(other.network_)) {}
    Try& operator=(Try&&) = delete;
    ~Try();

    // It was for nothing.
    void fail(Clock::time_point now = Clock::now());

   private:
    GuessGuard* guard_;
    std::string network_;
  };

  // Lets somebody from this address (no port; IPv6 counts by its /64 network) try; nullopt where it
  // has failed too often. Waits for others from there whose tries could be failures, so that many
  // at once gain nothing.
  std::optional<Try> begin(const std::string& address, Clock::time_point now = Clock::now());

 private:
  struct Entry {
    std::deque<Clock::time_point> failures;  // oldest first
    std::size_t trying = 0;

    void forget_old(Clock::time_point now);
  };

  void forget_old(Clock::time_point now);

  std::mutex mutex_;
  std::condition_variable tried_;
  std::map<std::string, Entry> entries_;  // by network
  Clock::time_point cleaned_;
};

}  // namespace topnet::net
