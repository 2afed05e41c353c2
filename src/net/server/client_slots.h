// The slots of the clients that are served at the same time. One key holds at most a quarter of
// them. Thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>

#include "net/tls/pin.h"

namespace topnet::net {

class ClientSlots {
 public:
  explicit ClientSlots(std::size_t count) : count_(count) {}

  // Holds one slot until it is destroyed.
  class Slot {
   public:
    Slot(Slot&& other) noexcept;
    Slot& operator=(Slot&& other) noexcept;
    ~Slot();

   private:
    friend class ClientSlots;
    Slot(ClientSlots& slots, std::optional<Pin> key) : slots_(&slots), key_(std::move(key)) {}

    ClientSlots* slots_;
    std::optional<Pin> key_;
  };

  // A slot for the owner of `key`; nullopt if all slots, or the key's quarter, are in use. Without
  // a key, only the total counts. This object must outlive the slot.
  std::optional<Slot> acquire(std::optional<Pin> key);

 private:
  void release(const std::optional<Pin>& key);

  std::size_t count_;
  std::mutex mutex_;
  std::size_t used_ = 0;
  std::map<Pin, std::size_t> used_by_key_;
};

}  // namespace topnet::net
