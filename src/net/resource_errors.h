// Counts failures to accept or serve connections for lack of resources (descriptors, threads), and
// logs each cause once. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace topnet::net {

class ResourceErrors {
 public:
  // `log_line` gets the cause and the reaction as one line; never called concurrently.
  explicit ResourceErrors(std::function<void(const std::string&)> log_line =
                              [](const std::string&) {})
      : log_line_(std::move(log_line)) {}

  // `error` is an errno value.
  void record_accept_error(int error);
  void record_thread_error(int error);

  std::uint64_t accept_errors() const { return accept_errors_; }
  std::uint64_t thread_errors() const { return thread_errors_; }

 private:
  void log_once(const char* failure, int error, const char* reaction);

  std::function<void(const std::string&)> log_line_;
  std::atomic<std::uint64_t> accept_errors_ = 0;
  std::atomic<std::uint64_t> thread_errors_ = 0;
  std::mutex mutex_;  // guards logged_, and is held while log_line_ runs
  std::set<std::string> logged_;
};

}  // namespace topnet::net
