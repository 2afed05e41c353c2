#include "net/connection_threads.h"

#include <pthread.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <future>

#include "net/socket.h"
#include "support/catch.h"

using namespace topnet::base;
using namespace topnet::net;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kStackSize = std::size_t{256} * 1024;

Deadline soon() { return std::chrono::steady_clock::now() + 20s; }

ThreadOptions options(const char* name) { return {.name = name, .stack_size = kStackSize}; }

struct Pair {
  UniqueFd server;
  UniqueFd client;
};

Pair connected_pair() {
  std::array<int, 2> raw{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, raw.data()) == 0);
  return {UniqueFd(raw[0]), UniqueFd(raw[1])};
}

// Reads until the peer closes or disconnect() is called.
ServeResult read_to_end(int socket) {
  std::array<std::byte, 16> ignored{};
  while (SocketStream(socket).read_some(ignored, soon()) > 0) continue;
  return ServeResult::Done;
}

bool has_ended(const UniqueFd& socket) {
  std::array<std::byte, 1> ignored{};
  return SocketStream(socket.raw()).read_some(ignored, soon()) == 0;
}

}  // namespace

TEST_CASE("ConnectionThreads: a connection is served in a thread with the given name and stack",
          "[connection_threads]") {
  ConnectionThreads threads;
  Pair pair = connected_pair();
  std::promise<std::pair<std::string, std::size_t>> seen;
  REQUIRE(threads.start(7, pair.server, options("client-7"), [&](int) {
    std::array<char, 16> name{};
    ::pthread_getname_np(::pthread_self(), name.data(), name.size());
    pthread_attr_t attributes;
    ::pthread_getattr_np(::pthread_self(), &attributes);
    std::size_t size = 0;
    ::pthread_attr_getstacksize(&attributes, &size);
    ::pthread_attr_destroy(&attributes);
    seen.set_value({name.data(), size});
    return ServeResult::Done;
  }));
  const auto [name, size] = seen.get_future().get();
  CHECK(name == "client-7");
  // Sanitizers need additional stack.
  CHECK(size >= kStackSize);
  CHECK(size < 4 * kStackSize);
  CHECK(has_ended(pair.client));
}

TEST_CASE("ConnectionThreads: if no thread can be started, the caller keeps the socket",
          "[connection_threads]") {
  ConnectionThreads threads;
  Pair pair = connected_pair();
  // A stack of one byte is below the minimum of every system.
  errno = 0;
  CHECK_FALSE(threads.start(1, pair.server, {.name = "client-1", .stack_size = 1},
                            [](int) { return ServeResult::Done; }));
  CHECK(errno == EINVAL);
  CHECK(pair.server);
  CHECK(::recv(pair.client.raw(), nullptr, 0, MSG_DONTWAIT) == -1);
}

TEST_CASE("ConnectionThreads: disconnect ends one connection and keeps the others",
          "[connection_threads]") {
  ConnectionThreads threads;
  Pair ended = connected_pair();
  Pair other = connected_pair();
  REQUIRE(threads.start(1, ended.server, options("ended"), read_to_end));
  REQUIRE(threads.start(2, other.server, options("other"), read_to_end));
  threads.disconnect(3);
  threads.disconnect(1);
  CHECK(has_ended(ended.client));
  CHECK(::recv(other.client.raw(), nullptr, 0, MSG_DONTWAIT) == -1);
  threads.disconnect_all();
  CHECK(has_ended(other.client));
  threads.wait_until_all_ended(Deadline::max());
}

TEST_CASE("ConnectionThreads: the destructor disconnects and joins all threads",
          "[connection_threads]") {
  std::atomic<int> ended = 0;
  std::vector<UniqueFd> clients;
  {
    ConnectionThreads threads;
    for (std::uint64_t i = 0; i < 20; ++i) {
      Pair pair = connected_pair();
      clients.push_back(std::move(pair.client));
      REQUIRE(threads.start(i, pair.server, options("client"), [&](int socket) {
        read_to_end(socket);
        ++ended;
        return ServeResult::Done;
      }));
    }
    threads.wait_until_all_ended(std::chrono::steady_clock::now());
  }
  CHECK(ended == 20);
}

TEST_CASE("ConnectionThreads: HandOff continues in a new thread, which can be disconnected",
          "[connection_threads]") {
  ConnectionThreads threads;
  Pair pair = connected_pair();
  std::vector<pthread_t> ids;
  std::promise<void> third_call;
  const auto captured = std::make_shared<int>();
  REQUIRE(threads.start(1, pair.server, options("client-1"), [&, captured](int socket) {
    ids.push_back(::pthread_self());
    if (ids.size() < 3) return ServeResult::HandOff;
    third_call.set_value();
    return read_to_end(socket);
  }));
  third_call.get_future().wait();
  CHECK(::pthread_equal(ids.at(0), ids.at(1)) == 0);
  CHECK(::pthread_equal(ids.at(1), ids.at(2)) == 0);
  threads.disconnect(1);
  CHECK(has_ended(pair.client));
  CHECK(threads.wait_until_all_ended(Deadline::max()));
  threads.reap();
  CHECK(captured.use_count() == 1);  // `serve` has been destroyed
}
