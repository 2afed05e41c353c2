#include "base/log_limiter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

namespace topnet::base {
namespace {

constexpr std::chrono::minutes kWindow{1};
constexpr std::size_t kMaxLines = 10;

}  // namespace

void LogLimiter::log(const std::string& key, const std::string& line, Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  log_omitted_locked(now);
  while (!recent_.empty() && now - recent_.front().time >= kWindow) recent_.pop_front();
  const bool is_repeated = std::any_of(recent_.begin(), recent_.end(),
                                       [&](const Logged& each) { return each.key == key; });
  if (is_repeated || recent_.size() >= kMaxLines) {
    if (omitted_++ == 0) omitted_since_ = now;
    return;
  }
  recent_.push_back({.time = now, .key = key});
  log_line_(line);
}

void LogLimiter::log_omitted(Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  log_omitted_locked(now);
}

void LogLimiter::log_omitted_locked(Clock::time_point now) {
  if (omitted_ == 0 || now - omitted_since_ < kWindow) return;
  log_line_(fmt::format("{} that were not logged: {}", kind_, omitted_));
  omitted_ = 0;
}

}  // namespace topnet::base
