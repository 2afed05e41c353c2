#include "net/join_guard.h"

namespace topnet::net {
namespace {

constexpr std::size_t kMostFailures = 5;
constexpr std::chrono::minutes kPause{1};
// Whoever has so many addresses is not slowed down by remembering more of them.
constexpr std::size_t kMostAddresses = 10000;

}  // namespace

bool JoinGuard::may_try(const std::string& address, Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  forget_old(now);
  const auto found = failures_.find(address);
  return found == failures_.end() || found->second.size() < kMostFailures;
}

void JoinGuard::note_failure(const std::string& address, Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  if (failures_.size() < kMostAddresses || failures_.contains(address)) {
    failures_[address].push_back(now);
  }
}

void JoinGuard::forget_old(Clock::time_point now) {
  for (auto entry = failures_.begin(); entry != failures_.end();) {
    auto& times = entry->second;
    while (!times.empty() && now - times.front() >= kPause) times.pop_front();
    entry = times.empty() ? failures_.erase(entry) : std::next(entry);
  }
}

}  // namespace topnet::net
