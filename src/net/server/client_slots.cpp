#include "net/server/client_slots.h"

#include <algorithm>
#include <utility>

namespace topnet::net {

ClientSlots::Slot::Slot(Slot&& other) noexcept
    : slots_(std::exchange(other.slots_, nullptr)), key_(std::move(other.key_)) {}

ClientSlots::Slot& ClientSlots::Slot::operator=(Slot&& other) noexcept {
  std::swap(slots_, other.slots_);
  std::swap(key_, other.key_);
  return *this;
}

ClientSlots::Slot::~Slot() {
  if (slots_ != nullptr) slots_->release(key_);
}

std::optional<ClientSlots::Slot> ClientSlots::acquire(std::optional<Pin> key) {
  const std::scoped_lock lock(mutex_);
  if (used_ >= count_) return std::nullopt;
  if (key) {
    const std::size_t quarter = std::max<std::size_t>(count_ / 4, 1);
    std::size_t& used_by_key = used_by_key_[*key];
    if (used_by_key >= quarter) return std::nullopt;
    ++used_by_key;
  }
  ++used_;
  return Slot(*this, std::move(key));
}

void ClientSlots::release(const std::optional<Pin>& key) {
  const std::scoped_lock lock(mutex_);
  --used_;
  if (!key) return;
  const auto used_by_key = used_by_key_.find(*key);
  if (--used_by_key->second == 0) used_by_key_.erase(used_by_key);
}

}  // namespace topnet::net
