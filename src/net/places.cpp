#include "net/places.h"

#include <algorithm>
#include <utility>

namespace topnet::net {

Places::Place::Place(Place&& other) noexcept
    : places_(std::exchange(other.places_, nullptr)), key_(std::move(other.key_)) {}

Places::Place& Places::Place::operator=(Place&& other) noexcept {
  std::swap(places_, other.places_);
  std::swap(key_, other.key_);
  return *this;
}

Places::Place::~Place() {
  if (places_ != nullptr) places_->give_back(key_);
}

std::optional<Places::Place> Places::take(std::optional<Pin> key) {
  const std::scoped_lock lock(mutex_);
  if (taken_ >= all_) return std::nullopt;
  if (key) {
    const std::size_t quarter = std::max<std::size_t>(all_ / 4, 1);
    std::size_t& own = taken_by_[*key];
    if (own >= quarter) return std::nullopt;
    ++own;
  }
  ++taken_;
  return Place(*this, std::move(key));
}

void Places::give_back(const std::optional<Pin>& key) {
  const std::scoped_lock lock(mutex_);
  --taken_;
  if (!key) return;
  const auto own = taken_by_.find(*key);
  if (--own->second == 0) taken_by_.erase(own);
}

}  // namespace topnet::net
