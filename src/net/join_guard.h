// Slows down whoever guesses at invites: five failures a minute for each source address.
// Any thread may call anything.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>

namespace topnet::net {

class JoinGuard {
 public:
  using Clock = std::chrono::steady_clock;

  // Whether somebody from this address (no port) may try.
  bool may_try(const std::string& address, Clock::time_point now = Clock::now());

  // It was for nothing.
  void note_failure(const std::string& address, Clock::time_point now = Clock::now());

 private:
  void forget_old(Clock::time_point now);

  std::mutex mutex_;
  std::map<std::string, std::deque<Clock::time_point>> failures_;  // oldest first
};

}  // namespace topnet::net
