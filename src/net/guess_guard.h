// Limits how fast clients can guess the status port's token. Thread-safe.
#pragma once

#include <chrono>
#include <deque>
#include <mutex>
#include <string>

namespace topnet::net {

class GuessGuard {
 public:
  using Clock = std::chrono::steady_clock;

  // Whether a client at `address` may be told how its attempt ended: false if five attempts from
  // there failed within the last minute. `address` has no port; IPv6 counts by its /64 network. An
  // attempt whose end it is not told is not a failure.
  bool admit(const std::string& address, bool has_failed, Clock::time_point now = Clock::now());

 private:
  struct Failure {
    Clock::time_point time;
    std::string network;
  };

  std::mutex mutex_;
  std::deque<Failure> failures_;  // of the last minute, oldest first
};

}  // namespace topnet::net
