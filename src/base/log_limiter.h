// Limits the log lines that peers can cause: one line per key and minute, at most 10 lines a minute
// in all, and once a minute the number of lines that were left out. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <utility>

namespace topnet::base {

class LogLimiter {
 public:
  using Clock = std::chrono::steady_clock;

  // `log_line` is called with the limiter's mutex held, so never concurrently. `kind` names the
  // lines in the plural, for their number: "failed handshakes".
  LogLimiter(std::function<void(const std::string&)> log_line, std::string kind)
      : log_line_(std::move(log_line)), kind_(std::move(kind)) {}

  void log(const std::string& key, const std::string& line, Clock::time_point now = Clock::now());

  // Logs how many lines were left out, if the first of them is a minute old. Call it periodically:
  // log() does the same, but may not be called again.
  void log_omitted(Clock::time_point now = Clock::now());

 private:
  struct Logged {
    Clock::time_point time;
    std::string key;
  };

  void log_omitted_locked(Clock::time_point now);

  std::function<void(const std::string&)> log_line_;
  std::string kind_;
  std::mutex mutex_;           // guards the members below
  std::deque<Logged> recent_;  // the lines of the last minute, oldest first
  std::uint64_t omitted_ = 0;
  Clock::time_point omitted_since_;
};

}  // namespace topnet::base
