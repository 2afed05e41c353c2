#include "net/attempt_limiter.h"

#include <algorithm>
#include <cstddef>

#include "net/address.h"

namespace topnet::net {
namespace {

constexpr std::ptrdiff_t kMaxFailures = 5;
constexpr std::chrono::minutes kWindow{1};
// Bounds memory. Only a client with more than 2,000 addresses can exceed it, and the limit of one
// address does not stop such a client anyway.
constexpr std::size_t kMaxRecorded = 10000;

}  // namespace

bool AttemptLimiter::admit_failure(const std::string& address, Clock::time_point now) {
  const std::string network = network_of(address);
  const std::scoped_lock lock(mutex_);
  while (!failures_.empty() && now - failures_.front().time >= kWindow) failures_.pop_front();
  const auto is_from_network = [&](const Failure& failure) { return failure.network == network; };
  if (std::count_if(failures_.begin(), failures_.end(), is_from_network) >= kMaxFailures) {
    return false;
  }
  failures_.push_back({.time = now, .network = network});
  if (failures_.size() > kMaxRecorded) failures_.pop_front();
  return true;
}

}  // namespace topnet::net
