// Simulates many clients, to measure a server. Each client performs complete exchanges as `topnet
// fetch` does, with the key of the state directory STATE. All send the same busiest process.
//
//   exchange_load ADDRESS:PORT STATE rate CLIENTS SECONDS
//     Each opens a new connection for every exchange.
//   exchange_load ADDRESS:PORT STATE ask CLIENTS SECONDS
//     The same, but each disconnects as soon as it has its report.
//   exchange_load ADDRESS:PORT STATE held CLIENTS SECONDS EVERY
//     Each stays connected, and performs an exchange every EVERY seconds.
//   exchange_load ADDRESS:PORT STATE idle CLIENTS
//     Each performs one exchange, and stays connected until standard input ends.
//
// For comparison, with another TLS server that has the same key:
//   exchange_load ADDRESS:PORT STATE read CLIENTS SECONDS
//     Each connects, reads until the server ends the connection, and repeats.
//   exchange_load ADDRESS:PORT STATE connected CLIENTS
//     Each completes the handshake, and stays connected until standard input ends.
//
// Prints JSON: the number of exchanges and failures, the elapsed seconds, and the 50th, 95th and
// 99th percentile of the durations in milliseconds.

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

#include "base/parse_number.h"
#include "base/random_id.h"
#include "base/thread.h"
#include "net/connect.h"
#include "net/protocol/client.h"
#include "net/tls/identity.h"
#include "net/tls/tls.h"
#include "proc/report/shared_scanner.h"

namespace {

using namespace topnet::net;
using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

struct Target {
  std::vector<sockaddr_storage> addresses;
  TlsContext context;
  BusiestProcess busiest;  // each exchange sets a new id
};

BusiestProcess find_busiest() {
  using namespace topnet::proc;
  SharedScanner scanner("/proc", ScanMode::Clocks);
  const RankingQuery query{.count = 1, .key = SortKey::Cpu};
  const Report report = report_of(*scanner.scan(query), query);
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
      : busiest_(target.busiest),
        socket_(connect_to(target.addresses, connected_by_)),
        stream_(target.context, socket_.raw(), connected_by_),
        client_(stream_) {}

  void fetch_report(seconds hold) {
    client_.fetch_report(
        {.count = 10, .hold = hold}, [](std::string_view) {}, deadline());
  }
  void exchange(seconds hold) {
    fetch_report(hold);
    busiest_.id = topnet::base::random_id();
    client_.send_busiest(busiest_, deadline());
  }
  void finish() { client_.finish(deadline()); }

  void read_to_the_end() {
    std::array<std::byte, 4096> buffer{};
    while (stream_.read_some(buffer, deadline()) > 0) continue;
  }

 private:
  static Deadline deadline() { return Clock::now() + seconds(30); }

  BusiestProcess busiest_;
  Deadline connected_by_ = Clock::now() + seconds(5);  // as `topnet fetch`
  topnet::base::UniqueFd socket_;
  TlsStream stream_;
  Client client_;
};

// The results of all threads. Thread-safe.
class Results {
 public:
  // Runs `work`, and records its duration or its failure.
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
    const std::chrono::duration<double, std::milli> duration = Clock::now() - begin;
    const std::scoped_lock lock(mutex_);
    durations_ms_.push_back(duration.count());
  }

  void print(double elapsed_seconds) {
    const std::scoped_lock lock(mutex_);
    std::sort(durations_ms_.begin(), durations_ms_.end());
    const auto at = [&](double share) {
      if (durations_ms_.empty()) return 0.0;
      return durations_ms_[static_cast<std::size_t>(share *
                                                    static_cast<double>(durations_ms_.size() - 1))];
    };
    fmt::print(
        "{{\"exchanges\":{},\"failures\":{},\"seconds\":{:.3f},\"p50_ms\":{:.2f},\"p95_ms\":{:.2f},"
        "\"p99_ms\":{:.2f}}}\n",
        durations_ms_.size(), failures_, elapsed_seconds, at(0.5), at(0.95), at(0.99));
    std::fflush(stdout);
  }

 private:
  std::mutex mutex_;
  std::vector<double> durations_ms_;
  std::size_t failures_ = 0;
};

// Runs `work` in one thread per client, and joins all threads.
template <typename Work>
void run_clients(std::size_t clients, Work work) {
  std::vector<std::optional<topnet::base::Thread>> threads;
  for (std::size_t i = 0; i < clients; ++i) {
    threads.push_back(topnet::base::Thread::start(
        {.name = "client", .stack_size = std::size_t{256} * 1024}, [work, i] { work(i); }));
  }
}

// Each client repeats `visit`, with a new connection each time.
template <typename Visit>
void rate(const Target& target, std::size_t clients, seconds time, Results& results, Visit visit) {
  const auto end = Clock::now() + time;
  run_clients(clients, [&, end](std::size_t) {
    while (Clock::now() < end) {
      results.time([&] {
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

void held(const Target& target, std::size_t clients, seconds time, seconds every,
          Results& results) {
  const auto begin = Clock::now();
  run_clients(clients, [&](std::size_t i) {
    // Spreads the clients evenly over the interval.
    auto next = begin + every * i / clients;
    sleep_until(next);
    try {
      Connection connection(target);
      for (; next < begin + time; next += every) {
        sleep_until(next);
        results.time([&] { connection.exchange(every * 2); });
      }
      connection.finish();
    } catch (const std::exception& error) {
      results.time([&] { throw std::runtime_error(error.what()); });
    }
  });
}

void wait_for_end_of_input() {
  std::string ignored;
  while (std::getline(std::cin, ignored)) continue;
}

// Opens all connections, runs `begin` on each, and keeps them open.
template <typename Begin>
void hold(const Target& target, std::size_t clients, Results& results, Begin begin) {
  std::vector<std::unique_ptr<Connection>> connections(clients);
  const auto start = Clock::now();
  constexpr std::size_t kThreads = 8;
  run_clients(kThreads, [&](std::size_t thread) {
    for (std::size_t i = thread; i < clients; i += kThreads) {
      results.time([&] {
        connections[i] = std::make_unique<Connection>(target);
        begin(*connections[i]);
      });
    }
  });
  results.print(std::chrono::duration<double>(Clock::now() - start).count());
  wait_for_end_of_input();
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
    return words.size() > at ? topnet::base::parse_number<std::size_t>(words[at]).value_or(0) : 0;
  };
  const auto address = words.size() > 3 ? parse_host_port(words[0]) : std::nullopt;
  const std::string mode = words.size() > 3 ? words[2] : "";
  const bool has_second = mode != "idle" && mode != "connected";
  if (!address || number(3) == 0 || (has_second && number(4) == 0) ||
      (mode == "held" && number(5) == 0)) {
    std::fprintf(stderr, "usage: see the head of bench/exchange_load.cpp\n");
    return 2;
  }
  const Identity identity = load_identity(topnet::base::StateDirectory(words[1]));
  const Target target{.addresses = resolve(*address, Clock::now() + std::chrono::seconds(5)),
                      .context = TlsContext::client(identity, {identity.pin}),
                      .busiest = find_busiest()};
  Results results;
  const std::size_t clients = number(3);
  const seconds time(number(4));
  const auto begin = Clock::now();
  if (mode == "rate") {
    rate(target, clients, time, results, exchange_and_finish);
  } else if (mode == "ask") {
    rate(target, clients, time, results, [](Connection& each) { each.fetch_report(seconds(0)); });
  } else if (mode == "read") {
    rate(target, clients, time, results, [](Connection& each) { each.read_to_the_end(); });
  } else if (mode == "held") {
    held(target, clients, time, seconds(number(5)), results);
  } else if (mode == "idle") {
    hold(target, clients, results, [](Connection& each) { each.exchange(seconds(3600)); });
    return 0;
  } else if (mode == "connected") {
    hold(target, clients, results, [](Connection&) {});
    return 0;
  }
  results.print(std::chrono::duration<double>(Clock::now() - begin).count());
  return 0;
}
