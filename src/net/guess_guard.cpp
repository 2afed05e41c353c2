#include "net/guess_guard.h"

#include "net/address.h"

namespace topnet::net {
namespace {

constexpr std::size_t kMostFailures = 5;
constexpr std::chrono::minutes kPause{1};
// Whoever has so many addresses is not slowed down by remembering more of them.
constexpr std::size_t kMostAddresses = 10000;

}  // namespace

std::optional<GuessGuard::Try> GuessGuard::begin(const std::string& address,
                                                 Clock::time_point now) {
  std::string network = network_of(address);
  std::unique_lock lock(mutex_);
  forget_old(now);
  tried_.wait(lock, [&] {
    const Entry& entry = entries_[network];
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
  --guard_->entries_[network_].trying;
  guard_->tried_.notify_all();
}

void GuessGuard::Try::fail(Clock::time_point now) {
  const std::scoped_lock lock(guard_->mutex_);
  if (guard_->entries_.size() <= kMostAddresses) {
    guard_->entries_[network_].failures.push_back(now);
  }
}

void GuessGuard::forget_old(Clock::time_point now) {
  for (auto at = entries_.begin(); at != entries_.end();) {
    auto& [failures, trying] = at->second;
    while (!failures.empty() && now - failures.front() >= kPause) failures.pop_front();
    at = failures.empty() && trying == 0 ? entries_.erase(at) : std::next(at);
  }
}

}  // namespace topnet::net
