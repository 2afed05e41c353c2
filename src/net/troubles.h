// What the machine was out of when a connection came: counted, and said once for each cause.
//
// Any thread may call anything.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace topnet::net {

class Troubles {
 public:
  // `say` tells people; it is called with the reason and with what is done about it.
  explicit Troubles(std::function<void(const std::string&)> say = [](const std::string&) {})
      : say_(std::move(say)) {}

  // `error` is an errno value.
  void note_no_connection(int error);
  void note_no_thread(int error);

  std::uint64_t accept_errors() const { return accept_errors_; }
  std::uint64_t thread_errors() const { return thread_errors_; }

 private:
  void say_once(const char* what, int error, const char* then);

  std::function<void(const std::string&)> say_;
  std::atomic<std::uint64_t> accept_errors_ = 0;
  std::atomic<std::uint64_t> thread_errors_ = 0;
  std::mutex mutex_;  // guards said_, and is held while it is said
  std::set<std::string> said_;
};

}  // namespace topnet::net
