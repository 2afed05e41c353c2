#include "net/server/pending_connections.h"

#include <future>
#include <vector>

#include "support/catch.h"

using namespace topnet::base;
using namespace topnet::net;
using namespace std::chrono_literals;

namespace {

const TimePoint kPendingStart = std::chrono::steady_clock::now();
const TimePoint kInAnHour = kPendingStart + 1h;

// Each evicted connection leaves at once, in a thread of its own, while `leaves` is true.
struct PendingFixture {
  explicit PendingFixture(std::size_t slots)
      : pending(slots, [this](ConnectionId id) {
          evicted.push_back(id);
          if (!leaves) return evicts.set_value();
          leaving.push_back(std::async(std::launch::async, [this, id] { pending.leave(id); }));
        }) {}

  std::vector<ConnectionId> evicted;  // to be read while no call of enter() runs
  PendingConnections pending;
  bool leaves = true;
  std::promise<void> evicts;  // of the eviction while `leaves` is false
  std::vector<std::future<void>> leaving;
};

}  // namespace

TEST_CASE("PendingConnections: evicts no connection while there are free slots",
          "[pending_connections]") {
  PendingFixture fixture(2);
  fixture.pending.enter(1, "a", kPendingStart);
  CHECK(fixture.pending.leave(1));
  fixture.pending.enter(2, "a", kPendingStart);
  fixture.pending.enter(3, "a", kPendingStart);
  CHECK(fixture.evicted.empty());
}

TEST_CASE("PendingConnections: evicts the oldest, and no more than necessary",
          "[pending_connections]") {
  PendingFixture fixture(3);
  for (ConnectionId id = 1; id <= 5; ++id) fixture.pending.enter(id, "a", kPendingStart);
  CHECK(fixture.evicted == std::vector<ConnectionId>{1, 2});
  CHECK(fixture.pending.leave(3));
  CHECK(fixture.pending.leave(3));  // again
}

TEST_CASE("PendingConnections: evicts from the network with the most connections",
          "[pending_connections]") {
  PendingFixture fixture(5);
  fixture.pending.enter(1, "single", kPendingStart);
  for (ConnectionId id = 2; id <= 3; ++id) fixture.pending.enter(id, "pair", kPendingStart);
  for (ConnectionId id = 4; id <= 5; ++id) fixture.pending.enter(id, "crowd", kPendingStart);
  fixture.pending.enter(6, "crowd", kPendingStart);  // two networks have two: the oldest of both
  fixture.pending.enter(7, "crowd", kPendingStart);
  fixture.pending.enter(8, "other", kPendingStart);
  CHECK(fixture.evicted == std::vector<ConnectionId>{2, 4, 5});
}

TEST_CASE("PendingConnections: evicts no connection before its time", "[pending_connections]") {
  PendingFixture fixture(3);
  fixture.pending.enter(1, "a", kInAnHour);
  const TimePoint soon = std::chrono::steady_clock::now() + 20ms;
  fixture.pending.enter(2, "a", soon);
  fixture.pending.enter(3, "a", kInAnHour);
  fixture.pending.enter(4, "a", kInAnHour);  // waits for the second one's time
  CHECK(std::chrono::steady_clock::now() >= soon);
  CHECK(fixture.evicted == std::vector<ConnectionId>{2});
}

TEST_CASE("PendingConnections: waits until an evicted connection has left",
          "[pending_connections]") {
  PendingFixture fixture(1);
  fixture.leaves = false;
  fixture.pending.enter(1, "a", kPendingStart);
  auto waiting =
      std::async(std::launch::async, [&] { fixture.pending.enter(2, "a", kPendingStart); });
  fixture.evicts.get_future().wait();
  // Waits for the lock, under which the second one was evicting. It would leave if it had entered.
  fixture.pending.leave(2);
  CHECK_FALSE(fixture.pending.leave(1));
  waiting.get();
  CHECK(fixture.pending.leave(1));  // again
  fixture.leaves = true;
  fixture.pending.enter(3, "a", kPendingStart);
  CHECK(fixture.evicted == std::vector<ConnectionId>{1, 2});
}

TEST_CASE("PendingConnections: each of several waiting connections gets a slot",
          "[pending_connections]") {
  PendingFixture fixture(2);
  {
    std::vector<std::future<void>> entering;
    for (ConnectionId id = 1; id <= 50; ++id) {
      entering.push_back(std::async(
          std::launch::async, [&fixture, id] { fixture.pending.enter(id, "a", kPendingStart); }));
    }
  }
  CHECK(fixture.evicted.size() == 48);
}

TEST_CASE("PendingConnections: closing ends a wait and all later ones", "[pending_connections]") {
  PendingFixture fixture(1);
  fixture.pending.enter(1, "a", kInAnHour);
  auto waiting = std::async(std::launch::async, [&] { fixture.pending.enter(2, "a", kInAnHour); });
  fixture.pending.close();
  waiting.get();
  fixture.pending.enter(3, "a", kInAnHour);
  CHECK(fixture.evicted.empty());
}
