#include "net/connection_threads.h"

#include <pthread.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <future>

#include "net/socket.h"
#include "support/catch.h"

using namespace topnet::net;
using topnet::proc::UniqueFd;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kStackSize = std::size_t{256} * 1024;

Deadline soon() { return std::chrono::steady_clock::now() + 20s; }

ThreadOptions options(const char* name) { return {.name = name, .stack_size = kStackSize}; }

struct Pair {
  UniqueFd ours;
  UniqueFd theirs;
};

Pair connected_pair() {
  std::array<int, 2> raw{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, raw.data()) == 0);
  return {UniqueFd(raw[0]), UniqueFd(raw[1])};
}

// Reads until the other side ends, or the connection is cut.
Next read_to_the_end(int socket) {
  std::array<std::byte, 16> ignored{};
  while (SocketStream(socket).read_some(ignored, soon()) > 0) continue;
  return Next::End;
}

bool has_ended(const UniqueFd& socket) {
  std::array<std::byte, 1> ignored{};
  return SocketStream(socket.raw()).read_some(ignored, soon()) == 0;
}

}  // namespace

TEST_CASE("a connection is served in a thread with its name and stack, and closed behind it") {
  ConnectionThreads threads;
  Pair pair = connected_pair();
  std::promise<std::pair<std::string, std::size_t>> seen;
  REQUIRE(threads.start(7, pair.ours, options("client-7"), [&](int) {
    std::array<char, 16> name{};
    ::pthread_getname_np(::pthread_self(), name.data(), name.size());
    pthread_attr_t attributes;
    ::pthread_getattr_np(::pthread_self(), &attributes);
    std::size_t size = 0;
    ::pthread_attr_getstacksize(&attributes, &size);
    ::pthread_attr_destroy(&attributes);
    seen.set_value({name.data(), size});
    return Next::End;
  }));
  const auto [name, size] = seen.get_future().get();
  CHECK(name == "client-7");
  // A sanitizer adds what it needs.
  CHECK(size >= kStackSize);
  CHECK(size < 4 * kStackSize);
  CHECK(has_ended(pair.theirs));
}

TEST_CASE("a connection that gets no thread stays the caller's, who is told why") {
  ConnectionThreads threads;
  Pair pair = connected_pair();
  // No system has a stack of one byte to give.
  errno = 0;
  CHECK_FALSE(threads.start(1, pair.ours, {.name = "client-1", .stack_size = 1},
                            [](int) { return Next::End; }));
  CHECK(errno == EINVAL);
  CHECK(pair.ours);
  CHECK(::recv(pair.theirs.raw(), nullptr, 0, MSG_DONTWAIT) == -1);
  threads.wait_until_all_ended(Deadline::max());
}

TEST_CASE("one connection can be cut off, and the others stay") {
  ConnectionThreads threads;
  Pair cut = connected_pair();
  Pair other = connected_pair();
  REQUIRE(threads.start(1, cut.ours, options("cut"), read_to_the_end));
  REQUIRE(threads.start(2, other.ours, options("other"), read_to_the_end));
  threads.cut(3);
  threads.cut(1);
  CHECK(has_ended(cut.theirs));
  CHECK(::recv(other.theirs.raw(), nullptr, 0, MSG_DONTWAIT) == -1);
  threads.cut_all();
  CHECK(has_ended(other.theirs));
  threads.wait_until_all_ended(Deadline::max());
}

TEST_CASE("the end waits for all that run, and cuts them off") {
  std::atomic<int> ended = 0;
  std::vector<UniqueFd> clients;
  {
    ConnectionThreads threads;
    for (std::uint64_t i = 0; i < 20; ++i) {
      Pair pair = connected_pair();
      clients.push_back(std::move(pair.theirs));
      REQUIRE(threads.start(i, pair.ours, options("client"), [&](int socket) {
        read_to_the_end(socket);
        ++ended;
        return Next::End;
      }));
    }
    threads.wait_until_all_ended(std::chrono::steady_clock::now());
  }
  CHECK(ended == 20);
}

TEST_CASE("a connection goes on in another thread when it asks for one, and can be cut off there") {
  ConnectionThreads threads;
  Pair pair = connected_pair();
  std::vector<pthread_t> turns;
  std::promise<void> is_third;
  const auto held = std::make_shared<int>();
  const std::weak_ptr<int> watched = held;
  REQUIRE(threads.start(1, pair.ours, options("client-1"), [&, held](int socket) {
    turns.push_back(::pthread_self());
    if (turns.size() < 3) return Next::NewThread;
    is_third.set_value();
    return read_to_the_end(socket);
  }));
  is_third.get_future().wait();
  CHECK(::pthread_equal(turns.at(0), turns.at(1)) == 0);
  CHECK(::pthread_equal(turns.at(1), turns.at(2)) == 0);
  threads.cut(1);
  CHECK(has_ended(pair.theirs));
  CHECK(threads.wait_until_all_ended(Deadline::max()));
  threads.reap();
  // Only this test has it now.
  CHECK(watched.use_count() == 1);
}
