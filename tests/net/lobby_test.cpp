#include "net/lobby.h"

#include <atomic>
#include <future>
#include <set>

#include "support/catch.h"

using namespace topnet::net;
using namespace std::chrono_literals;

namespace {

Deadline ago(std::chrono::milliseconds age) { return std::chrono::steady_clock::now() - age; }

// A lobby, and whom it has cut off. Whoever is cut off leaves at once, as a connection's thread
// does.
struct Trial {
  explicit Trial(const LobbyOptions& options)
      : lobby(options, [this](ConnectionId id) {
          cut.insert(id);
          ++cuts;
        }) {}

  // Waits for a slot in another thread, as the one that accepts does.
  std::future<void> waiting() {
    return std::async(std::launch::async, [this] { lobby.wait_for_slot(); });
  }
  static bool is_done(const std::future<void>& waiting, std::chrono::milliseconds time) {
    return waiting.wait_for(time) == std::future_status::ready;
  }

  std::set<ConnectionId> cut;  // to be looked at when nobody waits
  std::atomic<int> cuts = 0;
  Lobby lobby;
};

}  // namespace

TEST_CASE("as long as there are slots, nobody waits and nobody gives way") {
  Trial trial({.slots = 2, .grace = 0ms});
  trial.lobby.wait_for_slot();
  trial.lobby.enter(1, ago(1h));
  trial.lobby.wait_for_slot();
  CHECK(trial.cut.empty());
}

TEST_CASE("where all slots are taken, the oldest gives way once its grace is over") {
  Trial trial({.slots = 3, .grace = 1s});
  trial.lobby.enter(1, ago(0s));
  // Of two, the one that has come first: their ages are not known to the millisecond.
  trial.lobby.enter(2, ago(2s));
  trial.lobby.enter(3, ago(3s));
  auto waiting = trial.waiting();
  // It has its slot until it has left.
  CHECK_FALSE(Trial::is_done(waiting, 20ms));
  CHECK_FALSE(trial.lobby.leave(2));
  waiting.get();
  CHECK(trial.cut == std::set<ConnectionId>{2});
  CHECK(trial.lobby.leave(2));  // for the second time
  CHECK(trial.lobby.leave(1));
  CHECK(trial.lobby.leave(3));
}

TEST_CASE("nobody gives way within its grace, and one that leaves makes room") {
  Trial trial({.slots = 2, .grace = 1h});
  trial.lobby.enter(1, ago(59min));
  trial.lobby.enter(2, ago(0s));
  auto waiting = trial.waiting();
  CHECK_FALSE(Trial::is_done(waiting, 20ms));
  trial.lobby.leave(2);
  waiting.get();
  CHECK(trial.cut.empty());
}

TEST_CASE("a grace that ends while somebody waits is noticed") {
  Trial trial({.slots = 1, .grace = 50ms});
  const Deadline since = ago(0s);
  trial.lobby.enter(1, since);
  auto waiting = trial.waiting();
  while (trial.cuts == 0) std::this_thread::yield();
  CHECK(std::chrono::steady_clock::now() >= since + 50ms);
  CHECK_FALSE(trial.lobby.leave(1));
  waiting.get();
}

TEST_CASE("a lobby that is closed lets nobody wait") {
  Trial trial({.slots = 1, .grace = 1h});
  trial.lobby.enter(1, ago(0s));
  auto waiting = trial.waiting();
  trial.lobby.close();
  waiting.get();
  trial.lobby.wait_for_slot();
  CHECK(trial.cut.empty());
}
