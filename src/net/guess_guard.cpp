#include "net/guess_guard.h"

#include <algorithm>
#include <cstddef>

#include "net/address.h"

namespace topnet::net {
namespace {

constexpr std::ptrdiff_t kMaxFailures = 5;
constexpr std::chrono::minutes kMemory{1};
// Bounds memory. A client with 2,000 addresses can make as many guesses with or without this limit.
constexpr std::size_t kMaxRemembered = 10000;

}  // namespace

bool GuessGuard::admit(const std::string& address, bool has_failed, Clock::time_point now) {
  const std::string network = network_of(address);
  const std::scoped_lock lock(mutex_);
  while (!failures_.empty() && now - failures_.front().time >= kMemory) failures_.pop_front();
  const auto is_from_there = [&](const Failure& each) { return each.network == network; };
  if (std::count_if(failures_.begin(), failures_.end(), is_from_there) >= kMaxFailures) {
    return false;
  }
  if (has_failed) failures_.push_back({.time = now, .network = network});
  if (failures_.size() > kMaxRemembered) failures_.pop_front();
  return true;
}

}  // namespace topnet::net
