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

  // False if the client at `address` must not learn the result of its attempt: five attempts from
  // there failed within the last minute. Otherwise records a failed attempt. `address` has no port;
  // IPv6 addresses count by their /64 network.
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
