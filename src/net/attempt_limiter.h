// Limits how fast clients can guess the status port's token. Thread-safe.
#pragma once

#include <chrono>
#include <deque>
#include <mutex>
#include <string>

namespace topnet::net {

class AttemptLimiter {
 public:
  using Clock = std::chrono::steady_clock;

  // Records a failed attempt. False if five attempts from `address` have failed within the last
  // minute; then this one is not recorded. `address` has no port; IPv6 addresses count by their /64
  // network.
  bool admit_failure(const std::string& address, Clock::time_point now = Clock::now());

 private:
  struct Failure {
    Clock::time_point time;
    std::string network;
  };

  std::mutex mutex_;
  std::deque<Failure> failures_;  // of the last minute, oldest first
};

}  // namespace topnet::net
