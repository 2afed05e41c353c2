// Clients for a server that is measured: many at once, each of which does whole exchanges as
// `topnet fetch` does, with the identity in a state directory. Finds its own top once: all send
// that.
//
//   exchange_load ADDRESS:PORT STATE rate CLIENTS SECONDS
//     Each connects anew for every exchange.
//   exchange_load ADDRESS:PORT STATE ask CLIENTS SECONDS
//     The same, and leaves when it has its report.
//   exchange_load ADDRESS:PORT STATE held CLIENTS SECONDS EVERY
//     Each stays, and asks again every so many seconds.
//   exchange_load ADDRESS:PORT STATE idle CLIENTS
//     Each does one exchange and holds, until standard input ends.
//   exchange_load ADDRESS:PORT STATE strangers SILENT GARBAGE
//     So many say nothing and so many send garbage, and come again, until standard input ends.
//
// And of another TLS server with the same identity:
//   exchange_load ADDRESS:PORT STATE read CLIENTS SECONDS
//     Each connects anew, and reads to the end.
//   exchange_load ADDRESS:PORT STATE connected CLIENTS
//     Each shakes hands and holds, until standard input ends.
//
// Prints JSON: how many exchanges there were and failed, in how many seconds, and the 50th, 95th
// and 99th percentile of what one took, in milliseconds.

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "net/client.h"
#include "net/identity.h"
#include "net/random_id.h"
#include "net/socket.h"
#include "net/thread.h"
#include "net/tls.h"
#include "proc/number.h"
#include "proc/sampler.h"

namespace {

using namespace topnet::net;
using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

struct Target {
  std::vector<sockaddr_storage> addresses;
  TlsContext context;
  Top top;  // with an id of its own for each exchange
};

Top own_top() {
  using namespace topnet::proc;
  Sampler sampler("/proc", Method::Fastest);
  const Wish wish{.count = 1, .key = SortKey::Cpu};
  const Report report = report_of(*sampler.take(wish), wish);
  const Process& busiest = report.processes.front();
  return {.host = report.host.name,
          .pid = busiest.pid,
          .name = busiest.name,
          .user_ticks = busiest.user_ticks,
          .system_ticks = busiest.system_ticks,
          .clock_ticks_per_second = report.clock_ticks_per_second};
}

class Connection {
 public:
  explicit Connection(const Target& target)
      : top_(target.top),
        socket_(connect_to(target.addresses, soon())),
        stream_(target.context, socket_.raw(), soon()),
        client_(stream_) {}

  void ask(seconds hold) {
    client_.fetch_report(
        {.count = 10, .hold = hold}, [](std::string_view) {}, soon());
  }
  void exchange(seconds hold) {
    ask(hold);
    top_.id = random_id();
    client_.send_top(top_, soon());
  }
  void finish() { client_.finish(soon()); }

  void read_to_the_end() {
    std::array<std::byte, 4096> buffer{};
    while (stream_.read_some(buffer, soon()) > 0) continue;
  }

 private:
  static Deadline soon() { return Clock::now() + seconds(30); }

  Top top_;
  topnet::proc::UniqueFd socket_;
  TlsStream stream_;
  Client client_;
};

// What all threads have seen.
class Tally {
 public:
  // Runs `work`, and notes how long it took, or that it failed.
  template <typename Work>
  void time(Work work) {
    const auto begin = Clock::now();
    try {
      work();
    } catch (const std::exception& error) {
      const std::scoped_lock lock(mutex_);
      if (failures_++ == 0) std::fprintf(stderr, "exchange_load: %s\n", error.what());
      return;
    }
    const std::chrono::duration<double, std::milli> took = Clock::now() - begin;
    const std::scoped_lock lock(mutex_);
    took_ms_.push_back(took.count());
  }

  void print(double elapsed_seconds) {
    const std::scoped_lock lock(mutex_);
    std::sort(took_ms_.begin(), took_ms_.end());
    const auto at = [&](double share) {
      if (took_ms_.empty()) return 0.0;
      return took_ms_[static_cast<std::size_t>(share * static_cast<double>(took_ms_.size() - 1))];
    };
    fmt::print(
        "{{\"exchanges\":{},\"failures\":{},\"seconds\":{:.3f},\"p50_ms\":{:.2f},\"p95_ms\":{:.2f},"
        "\"p99_ms\":{:.2f}}}\n",
        took_ms_.size(), failures_, elapsed_seconds, at(0.5), at(0.95), at(0.99));
    std::fflush(stdout);
  }

 private:
  std::mutex mutex_;
  std::vector<double> took_ms_;
  std::size_t failures_ = 0;
};

// Runs `work` in as many threads as there are clients, and waits for all.
template <typename Work>
void run_clients(std::size_t clients, Work work) {
  std::vector<std::optional<Thread>> threads;
  for (std::size_t i = 0; i < clients; ++i) {
    threads.push_back(Thread::start({.name = "client", .stack_size = std::size_t{256} * 1024},
                                    [work, i] { work(i); }));
  }
}

// Each client does `visit` with a new connection, over and over.
template <typename Visit>
void rate(const Target& target, std::size_t clients, seconds time, Tally& tally, Visit visit) {
  const auto end = Clock::now() + time;
  run_clients(clients, [&, end](std::size_t) {
    while (Clock::now() < end) {
      tally.time([&] {
        Connection connection(target);
        visit(connection);
      });
    }
  });
}

void exchange_and_finish(Connection& connection) {
  connection.exchange(seconds(0));
  connection.finish();
}

void sleep_until(Clock::time_point moment) { std::this_thread::sleep_until(moment); }

void held(const Target& target, std::size_t clients, seconds time, seconds every, Tally& tally) {
  const auto begin = Clock::now();
  run_clients(clients, [&](std::size_t i) {
    // Spread over the time between two exchanges.
    auto next = begin + every * i / clients;
    sleep_until(next);
    try {
      Connection connection(target);
      for (; next < begin + time; next += every) {
        sleep_until(next);
        tally.time([&] { connection.exchange(every * 2); });
      }
      connection.finish();
    } catch (const std::exception& error) {
      tally.time([&] { throw std::runtime_error(error.what()); });
    }
  });
}

void wait_for_end_of_input() {
  std::string ignored;
  while (std::getline(std::cin, ignored)) continue;
}

// Each connection stays after `begin` has been done with it.
template <typename Begin>
void hold(const Target& target, std::size_t clients, Tally& tally, Begin begin) {
  std::vector<std::unique_ptr<Connection>> connections(clients);
  const auto start = Clock::now();
  constexpr std::size_t kThreads = 8;
  run_clients(kThreads, [&](std::size_t thread) {
    for (std::size_t i = thread; i < clients; i += kThreads) {
      tally.time([&] {
        connections[i] = std::make_unique<Connection>(target);
        begin(*connections[i]);
      });
    }
  });
  tally.print(std::chrono::duration<double>(Clock::now() - start).count());
  wait_for_end_of_input();
}

// Come, send garbage or nothing, stay until they are thrown out, and come again; for ever.
void strangers(const Target& target, std::size_t silent, std::size_t garbage, Tally& tally) {
  // Half of it is no TLS at once, and half the beginning of a record that does not end.
  static const std::array<std::string, 2> kGarbage{std::string(300, '\x16'),
                                                   std::string("\x16\x03\x01\x02\0\x01\0", 7)};
  tally.print(0);
  for (std::size_t i = 0; i < silent + garbage; ++i) {
    std::thread([&target, is_silent = i < silent, &bytes = kGarbage[i % 2]] {
      for (;;) {
        try {
          const auto socket = connect_to(target.addresses, Clock::now() + seconds(30));
          SocketStream stream(socket.raw());
          const Deadline end = Clock::now() + seconds(60);
          if (!is_silent) stream.write_all(std::as_bytes(std::span(bytes)), end);
          std::array<std::byte, 256> buffer{};
          while (stream.read_some(buffer, end) > 0) continue;
        } catch (const std::exception&) {
          std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
      }
    }).detach();
  }
  wait_for_end_of_input();
  std::_Exit(0);  // with all its threads
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  const std::vector<std::string> words(argv + 1, argv + argc);
  const auto number = [&](std::size_t at) {
    return words.size() > at ? topnet::proc::parse_number<std::size_t>(words[at]).value_or(0) : 0;
  };
  const auto address = words.size() > 3 ? parse_host_port(words[0]) : std::nullopt;
  const std::string mode = words.size() > 3 ? words[2] : "";
  const bool has_second = mode != "idle" && mode != "connected";
  if (!address || number(3) == 0 || (has_second && number(4) == 0) ||
      (mode == "held" && number(5) == 0)) {
    std::fprintf(stderr, "usage: see the head of bench/exchange_load.cpp\n");
    return 2;
  }
  const Identity identity = load_identity(PrivateFolder(words[1]));
  const Target target{.addresses = resolve(*address, Purpose::Connecting),
                      .context = TlsContext::client(identity, {identity.pin}),
                      .top = own_top()};
  Tally tally;
  const std::size_t clients = number(3);
  const seconds time(number(4));
  const auto begin = Clock::now();
  if (mode == "rate") {
    rate(target, clients, time, tally, exchange_and_finish);
  } else if (mode == "ask") {
    rate(target, clients, time, tally, [](Connection& each) { each.ask(seconds(0)); });
  } else if (mode == "read") {
    rate(target, clients, time, tally, [](Connection& each) { each.read_to_the_end(); });
  } else if (mode == "held") {
    held(target, clients, time, seconds(number(5)), tally);
  } else if (mode == "idle") {
    hold(target, clients, tally, [](Connection& each) { each.exchange(seconds(3600)); });
    return 0;
  } else if (mode == "connected") {
    hold(target, clients, tally, [](Connection&) {});
    return 0;
  } else if (mode == "strangers") {
    strangers(target, clients, number(4), tally);
  }
  tally.print(std::chrono::duration<double>(Clock::now() - begin).count());
  return 0;
}
