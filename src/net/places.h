// The places of those who are served at the same time: so many for all, and a quarter of them at
// most for one key. Any thread may call anything.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>

#include "net/pin.h"

namespace topnet::net {

class Places {
 public:
  explicit Places(std::size_t all) : all_(all) {}

  // One of the places, until it is destroyed.
  class Place {
   public:
    Place(Place&& other) noexcept;
    Place& operator=(Place&& other) noexcept;
    ~Place();

   private:
    friend class Places;
    Place(Places& places, std::optional<Pin> key) : places_(&places), key_(std::move(key)) {}

    Places* places_;
    std::optional<Pin> key_;
  };

  // A place for the owner of `key`; nullopt where there is none. Without a key, the quarter does
  // not count. The places outlive what they give.
  std::optional<Place> take(std::optional<Pin> key);

 private:
  void give_back(const std::optional<Pin>& key);

  std::size_t all_;
  std::mutex mutex_;
  std::size_t taken_ = 0;
  std::map<Pin, std::size_t> taken_by_;
};

}  // namespace topnet::net
