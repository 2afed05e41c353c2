// Many who change the same trust files at the same time: nothing is lost, nothing is seen by
// halves.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <latch>
#include <thread>

#include "net/trust.h"
#include "support/catch.h"
#include "support/pins.h"
#include "support/temporary_folder.h"

using namespace topnet::net;
using topnet::test::at;
using topnet::test::pin_of;
using topnet::test::TemporaryFolder;
using namespace std::chrono_literals;

namespace {

constexpr int kMany = 20;
const auto kNow = at("2026-11-23T20:01:02.123Z");

Pin pin_of_number(int number) { return pin_of(static_cast<char>('a' + number)); }

std::string name(const std::string& kind, int number) { return kind + std::to_string(number); }

// A state directory with clients that are to be revoked, and one that is to stay.
struct Machine {
  TemporaryFolder root;
  PrivateFolder folder{root / "state"};

  Machine() {
    std::string clients = "# mine\nstays " + pin_of('Z') + " " + topnet::proc::format_time(kNow);
    for (int i = 0; i < kMany; ++i) {
      clients += '\n' + to_line(EnrolledClient{.name = name("old", i),
                                               .pin = pin_of(static_cast<char>('A' + i)),
                                               .since = kNow,
                                               .learned = {}});
    }
    folder.write("clients", clients + '\n');
  }

  // What each of them does, in its own thread or process.
  bool change(int number) const {
    Trust trust{PrivateFolder(folder.path())};
    const std::string secret = trust.invite(name("new", number), kNow + 1h);
    const auto joined = trust.join(secret, pin_of_number(number), kNow);
    const bool is_revoked = trust.revoke(name("old", number));
    trust.note_learned(pin_of_number(number), pin_of('n'));
    trust.remember({.address = name("web", number) + ":1", .pin = pin_of('s'), .since = kNow});
    return is_revoked && joined.index() == 0 &&
           trust.client_name(pin_of_number(number)).has_value();
  }

  void check_that_nothing_is_lost() const {
    Trust trust(folder);
    const auto clients = trust.clients();
    CHECK(clients.size() == kMany + 1);
    CHECK(trust.client_name(pin_of('Z')) == "stays");
    CHECK(trust.servers().size() == kMany);
    for (int i = 0; i < kMany; ++i) {
      CAPTURE(i);
      CHECK(trust.client_name(pin_of_number(i)) == name("new", i));
      CHECK_FALSE(trust.client_name(pin_of(static_cast<char>('A' + i))));
    }
    CHECK(std::count_if(clients.begin(), clients.end(), [](const EnrolledClient& client) {
            return client.learned == pin_of('n');
          }) == kMany);
    const auto invites = topnet::test::read_file(root / "state/invites");
    CHECK(std::count(invites.begin(), invites.end(), '\n') == kMany + 1);
    CHECK(topnet::test::read_file(root / "state/clients").starts_with("# mine\nstays "));
    CHECK(trust.broken_client_lines().empty());
  }
};

// Runs `action` with 0 to kMany - 1, all at once; returns what each gave.
template <typename Action>
std::array<bool, kMany> run_threads(Action action) {
  std::array<bool, kMany> results{};
  std::latch start(kMany);
  std::vector<std::jthread> threads;
  for (int i = 0; i < kMany; ++i) {
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      results.at(static_cast<std::size_t>(i)) = action(i);
    });
  }
  threads.clear();
  return results;
}

// The same in processes.
template <typename Action>
std::array<bool, kMany> run_processes(Action action) {
  std::array<int, 2> start{};
  REQUIRE(::pipe(start.data()) == 0);
  std::array<pid_t, kMany> children{};
  for (int i = 0; i < kMany; ++i) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      ::close(start[1]);
      char ignored = 0;
      // Ends when the parent lets all of them go.
      const bool is_started = ::read(start[0], &ignored, 1) == 0;
      bool is_done = false;
      try {
        is_done = is_started && action(i);
      } catch (const std::exception&) {
        is_done = false;
      }
      ::_exit(is_done ? 0 : 1);
    }
    children.at(static_cast<std::size_t>(i)) = child;
  }
  ::close(start[0]);
  ::close(start[1]);
  std::array<bool, kMany> results{};
  for (std::size_t i = 0; i < children.size(); ++i) {
    int status = -1;
    REQUIRE(::waitpid(children.at(i), &status, 0) == children.at(i));
    results.at(i) = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  return results;
}

}  // namespace

TEST_CASE("threads that invite, join and revoke at once lose nothing") {
  const Machine machine;
  const auto done = run_threads([&](int number) { return machine.change(number); });
  CHECK(std::count(done.begin(), done.end(), true) == kMany);
  machine.check_that_nothing_is_lost();
}

TEST_CASE("processes that invite, join and revoke at once lose nothing") {
  const Machine machine;
  const auto done = run_processes([&](int number) { return machine.change(number); });
  CHECK(std::count(done.begin(), done.end(), true) == kMany);
  machine.check_that_nothing_is_lost();
}

TEST_CASE("of many keys that come with one invite at once, one is let in") {
  const Machine machine;
  const std::string secret = Trust(machine.folder).invite("db1", kNow + 1h);
  const auto joins = [&](int number) {
    return Trust(machine.folder).join(secret, pin_of_number(number), kNow).index() == 0;
  };
  const auto in_processes = run_processes(joins);
  CHECK(std::count(in_processes.begin(), in_processes.end(), true) == 1);
  // It may come again, the others may not.
  CHECK(run_threads(joins) == in_processes);
  CHECK(Trust(machine.folder).clients().size() == kMany + 2);
}

TEST_CASE("whoever looks meanwhile sees the one that nobody changes, all the time") {
  const Machine machine;
  Trust looking(machine.folder);
  std::size_t misses = 0;
  std::jthread looker([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      misses += looking.client_name(pin_of('Z')) == "stays" ? 0U : 1U;
      misses += Trust(machine.folder).clients().size() > kMany / 2 ? 0U : 1U;
    }
  });
  run_threads([&](int number) { return machine.change(number); });
  looker.request_stop();
  looker.join();
  CHECK(misses == 0);
}
