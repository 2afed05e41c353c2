#include "net/server/client_slots.h"

#include <vector>

#include "support/catch.h"
#include "support/pins.h"

using namespace topnet::base;
using namespace topnet::net;
using namespace topnet::test;

namespace {

// Acquires as many slots as `key` may have.
std::vector<ClientSlots::Slot> acquire_all(ClientSlots& slots, const std::optional<Pin>& key) {
  std::vector<ClientSlots::Slot> acquired;
  while (auto slot = slots.acquire(key)) acquired.push_back(std::move(*slot));
  return acquired;
}

}  // namespace

TEST_CASE("ClientSlots: a released slot can be acquired again", "[client_slots]") {
  ClientSlots slots(3);
  auto acquired = acquire_all(slots, {});
  CHECK(acquired.size() == 3);
  acquired.pop_back();
  CHECK(slots.acquire({}));
  CHECK(acquire_all(slots, {}).size() == 1);
}

TEST_CASE("ClientSlots: a key holds at most a quarter, clients without a key hold more",
          "[client_slots]") {
  ClientSlots slots(8);
  auto first = acquire_all(slots, pin_of('a'));
  CHECK(first.size() == 2);
  const auto second = acquire_all(slots, pin_of('b'));
  CHECK(second.size() == 2);
  CHECK(acquire_all(slots, {}).size() == 4);
  first.clear();
  CHECK(acquire_all(slots, pin_of('b')).empty());
  CHECK(acquire_all(slots, pin_of('a')).size() == 2);
}

TEST_CASE("ClientSlots: a key may have one slot if there are fewer than eight", "[client_slots]") {
  for (std::size_t all = 1; all < 8; ++all) {
    ClientSlots slots(all);
    CHECK(acquire_all(slots, pin_of('a')).size() == 1);
  }
}

TEST_CASE("ClientSlots: a key gets no slot when all are in use", "[client_slots]") {
  ClientSlots slots(8);
  const auto others = acquire_all(slots, {});
  CHECK_FALSE(slots.acquire(pin_of('a')));
}
