#include "net/server/pending_connections.h"

#include <atomic>
#include <future>
#include <set>

#include "support/catch.h"

using namespace topnet::base;
using namespace topnet::net;
using namespace std::chrono_literals;

namespace {

Deadline ago(std::chrono::milliseconds age) { return std::chrono::steady_clock::now() - age; }

struct Fixture {
  explicit Fixture(const PendingConnectionsOptions& options)
      : pending(options, [this](ConnectionId id) {
          evicted.insert(id);
          ++evictions;
        }) {}

  // Waits for a slot in another thread, as the acceptor does.
  std::future<void> waiting() {
    return std::async(std::launch::async, [this] { pending.wait_for_slot(); });
  }
  static bool is_done(const std::future<void>& waiting, std::chrono::milliseconds time) {
    return waiting.wait_for(time) == std::future_status::ready;
  }

  std::set<ConnectionId> evicted;  // not to be read during a wait
  std::atomic<int> evictions = 0;
  PendingConnections pending;
};

}  // namespace

TEST_CASE("PendingConnections: neither blocks nor evicts while there are free slots",
          "[pending_connections]") {
  Fixture fixture({.slots = 2, .grace = 0ms});
  fixture.pending.wait_for_slot();
  fixture.pending.enter(1, ago(1h));
  fixture.pending.wait_for_slot();
  CHECK(fixture.evicted.empty());
}

TEST_CASE(
    "PendingConnections: evicts the oldest connection beyond its grace if all slots are in use",
    "[pending_connections]") {
  Fixture fixture({.slots = 3, .grace = 1s});
  fixture.pending.enter(1, ago(0s));
  // Of those beyond their grace, the one that arrived first.
  fixture.pending.enter(2, ago(2s));
  fixture.pending.enter(3, ago(3s));
  auto waiting = fixture.waiting();
  // An evicted connection keeps its slot until it leaves.
  CHECK_FALSE(Fixture::is_done(waiting, 20ms));
  CHECK_FALSE(fixture.pending.leave(2));
  waiting.get();
  CHECK(fixture.evicted == std::set<ConnectionId>{2});
  CHECK(fixture.pending.leave(2));  // again
  CHECK(fixture.pending.leave(1));
  CHECK(fixture.pending.leave(3));
}

TEST_CASE(
    "PendingConnections: evicts no connection within its grace and uses a slot that is released",
    "[pending_connections]") {
  Fixture fixture({.slots = 2, .grace = 1h});
  fixture.pending.enter(1, ago(59min));
  fixture.pending.enter(2, ago(0s));
  auto waiting = fixture.waiting();
  CHECK_FALSE(Fixture::is_done(waiting, 20ms));
  fixture.pending.leave(2);
  waiting.get();
  CHECK(fixture.evicted.empty());
}

TEST_CASE("PendingConnections: evicts a connection whose grace ends during the wait",
          "[pending_connections]") {
  Fixture fixture({.slots = 1, .grace = 50ms});
  const Deadline since = ago(0s);
  fixture.pending.enter(1, since);
  auto waiting = fixture.waiting();
  while (fixture.evictions == 0) std::this_thread::yield();
  CHECK(std::chrono::steady_clock::now() >= since + 50ms);
  CHECK_FALSE(fixture.pending.leave(1));
  waiting.get();
}

TEST_CASE("PendingConnections: closing ends a wait and all later ones", "[pending_connections]") {
  Fixture fixture({.slots = 1, .grace = 1h});
  fixture.pending.enter(1, ago(0s));
  auto waiting = fixture.waiting();
  fixture.pending.close();
  waiting.get();
  fixture.pending.wait_for_slot();
  CHECK(fixture.evicted.empty());
}
