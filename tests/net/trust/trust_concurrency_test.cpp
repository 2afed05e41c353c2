// Concurrent changes of the same trust files by threads and processes.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <latch>
#include <thread>

#include "net/trust/trust_store.h"
#include "support/catch.h"
#include "support/pins.h"
#include "support/temporary_folder.h"

using namespace topnet::base;
using namespace topnet::net;
using topnet::test::at;
using topnet::test::pin_of;
using topnet::test::TemporaryFolder;
using namespace std::chrono_literals;

namespace {

constexpr int kMany = 20;
const auto kConcurrencyTime = at("2026-11-23T20:01:02.123Z");

Pin pin_of_number(int number) { return pin_of(static_cast<char>('a' + number)); }

std::string numbered_name(const std::string& kind, int number) {
  return kind + std::to_string(number);
}

// A state directory with clients to be revoked, and one that remains.
struct ConcurrencyFixture {
  TemporaryFolder root;
  StateDirectory state{root / "state"};

  ConcurrencyFixture() {
    std::string clients =
        "# mine\nstays " + pin_of('Z') + " " + topnet::base::format_time(kConcurrencyTime);
    for (int i = 0; i < kMany; ++i) {
      clients += '\n' + to_line(EnrolledClient{.name = numbered_name("old", i),
                                               .pin = pin_of(static_cast<char>('A' + i)),
                                               .since = kConcurrencyTime,
                                               .learned = {}});
    }
    state.write("clients", clients + '\n');
  }

  // The changes that each thread or process makes; returns whether they succeeded.
  bool change(int number) const {
    TrustStore trust{StateDirectory(state.path())};
    const std::string secret = trust.invite(numbered_name("new", number), kConcurrencyTime + 1h);
    const auto joined = trust.join(secret, pin_of_number(number), kConcurrencyTime);
    const bool is_revoked = trust.revoke(numbered_name("old", number));
    trust.record_learned(pin_of_number(number), pin_of('n'));
    trust.remember({.address = numbered_name("web", number) + ":1",
                    .pin = pin_of('s'),
                    .since = kConcurrencyTime,
                    .next = {}});
    return is_revoked && joined.index() == 0 &&
           trust.client_name(pin_of_number(number)).has_value();
  }

  void check_all_changes() const {
    TrustStore trust(state);
    const auto clients = trust.clients();
    CHECK(clients.size() == kMany + 1);
    CHECK(trust.client_name(pin_of('Z')) == "stays");
    CHECK(trust.servers().size() == kMany);
    for (int i = 0; i < kMany; ++i) {
      CAPTURE(i);
      CHECK(trust.client_name(pin_of_number(i)) == numbered_name("new", i));
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

// Runs `action` with 0 to kMany - 1 in concurrent threads; returns the results.
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

// Runs `action` with 0 to kMany - 1 in concurrent processes; returns the results.
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
      // Returns when the parent closes the pipe.
      const bool is_started = ::read(start[0], &ignored, 1) == 0;
      try {
        ::_exit(is_started && action(i) ? 0 : 1);
      } catch (const std::exception&) {
        ::_exit(1);
      }
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

TEST_CASE("TrustStore: concurrent processes lose no change", "[trust_store]") {
  const ConcurrencyFixture fixture;
  const auto done = run_processes([&](int number) { return fixture.change(number); });
  CHECK(std::count(done.begin(), done.end(), true) == kMany);
  fixture.check_all_changes();
}

TEST_CASE("TrustStore: of concurrent keys with one invite, one is enrolled", "[trust_store]") {
  const ConcurrencyFixture fixture;
  const std::string secret = TrustStore(fixture.state).invite("db1", kConcurrencyTime + 1h);
  const auto joins = [&](int number) {
    return TrustStore(fixture.state)
               .join(secret, pin_of_number(number), kConcurrencyTime)
               .index() == 0;
  };
  const auto in_processes = run_processes(joins);
  CHECK(std::count(in_processes.begin(), in_processes.end(), true) == 1);
  // The same key may join again, the others may not.
  CHECK(run_threads(joins) == in_processes);
  CHECK(TrustStore(fixture.state).clients().size() == kMany + 2);
}

TEST_CASE("TrustStore: concurrent threads lose no change, and readers always see other entries",
          "[trust_store]") {
  const ConcurrencyFixture fixture;
  TrustStore store(fixture.state);
  std::size_t misses = 0;
  std::jthread reader([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      misses += store.client_name(pin_of('Z')) == "stays" ? 0U : 1U;
      misses += TrustStore(fixture.state).clients().size() > kMany / 2 ? 0U : 1U;
    }
  });
  const auto done = run_threads([&](int number) { return fixture.change(number); });
  reader.request_stop();
  reader.join();
  CHECK(misses == 0);
  CHECK(std::count(done.begin(), done.end(), true) == kMany);
  fixture.check_all_changes();
}
