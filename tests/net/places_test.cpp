#include "net/places.h"

#include <vector>

#include "support/catch.h"
#include "support/pins.h"

using namespace topnet::net;
using topnet::test::pin_of;

namespace {

// Takes as many places as there are for `key`.
std::vector<Places::Place> take_all(Places& places, const std::optional<Pin>& key) {
  std::vector<Places::Place> taken;
  while (auto place = places.take(key)) taken.push_back(std::move(*place));
  return taken;
}

}  // namespace

TEST_CASE("there are so many places, and one again as soon as somebody leaves") {
  Places places(3);
  auto taken = take_all(places, {});
  CHECK(taken.size() == 3);
  taken.pop_back();
  CHECK(places.take({}));
  CHECK(take_all(places, {}).size() == 1);
}

TEST_CASE("no key holds more than a quarter of them, and one that is exempt does") {
  Places places(8);
  auto first = take_all(places, pin_of('a'));
  CHECK(first.size() == 2);
  const auto second = take_all(places, pin_of('b'));
  CHECK(second.size() == 2);
  CHECK(take_all(places, {}).size() == 4);
  first.clear();
  CHECK(take_all(places, pin_of('b')).empty());
  CHECK(take_all(places, pin_of('a')).size() == 2);
}

TEST_CASE("where there are fewer than four places, a key may have one") {
  for (std::size_t all = 1; all < 8; ++all) {
    Places places(all);
    CHECK(take_all(places, pin_of('a')).size() == 1);
  }
}

TEST_CASE("a key has no more than what is left") {
  Places places(8);
  const auto others = take_all(places, {});
  CHECK_FALSE(places.take(pin_of('a')));
}
