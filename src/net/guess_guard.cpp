#include "net/guess_guard.h"

#include "net/address.h"

namespace topnet::net {
namespace {

constexpr std::size_t kMostFailures = 5;
constexpr std::chrono::minutes kPause{1};
// Whoever has so many addresses is not slowed down by remembering more of them.
constexpr std::size_t kMostAddresses = 10000;
// All of them are looked at so seldom, since there may be so many.
constexpr std::chrono::seconds kCleaning{1};

}  // namespace

std::optional<GuessGuard::Try> GuessGuard::begin(const std::string& address,
                                                 Clock::time_point now) {
  std::string network = network_of(address);
  std::unique_lock lock(mutex_);
  if (now - cleaned_ >= kCleaning) forget_old(now);
  tried_.wait(lock, [&] {
    Entry& entry = entries_[network];
    entry.forget_old(now);
    return entry.trying == 0 || entry.failures.size() + entry.trying < kMostFailures;
  });
  Entry& entry = entries_[network];
  const bool may_try = entry.failures.size() < kMostFailures;
  if (!may_try) return std::nullopt;
  ++entry.trying;
  return std::optional<Try>(std::in_place, *this, std::move(network));
}

GuessGuard::Try::~Try() {
  if (guard_ == nullptr) return;
  const std::scoped_lock lock(guard_->mutex_);
  const auto entry = guard_->entries_.find(network_);
  if (--entry->second.trying == 0 && entry->second.failures.empty()) guard_->entries_.erase(entry);
  guard_->tried_.notify_all();
}

void GuessGuard::Try::fail(Clock::time_point now) {
  const std::scoped_lock lock(guard_->mutex_);
  if (guard_->entries_.size() <= kMostAddresses) {
    guard_->entries_[network_].failures.push_back(now);
  }
}

void GuessGuard::Entry::forget_old(Clock::time_point now) {
  while (!failures.empty() && now - failures.front() >= kPause) failures.pop_front();
}

void GuessGuard::forget_old(Clock::time_point now) {
  cleaned_ = now;
  for (auto at = entries_.begin(); at != entries_.end();) {
    Entry& entry = at->second;
    entry.forget_old(now);
    at = entry.failures.empty() && entry.trying == 0 ? entries_.erase(at) : std::next(at);
  }
}

}  // namespace topnet::net
