// A server on a port of its own, and clients that speak to it in frames.
#pragma once

#include <array>
#include <csignal>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <thread>

#include "net/server.h"
#include "net/socket.h"
#include "support/catch.h"
#include "support/frames.h"
#include "support/kept_tops.h"
#include "support/session_hooks.h"
#include "support/temporary_folder.h"

namespace topnet::test {

inline net::Deadline soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(20); }

// Returns once `condition()` holds; fails where that takes too long.
template <typename Condition>
void wait_for(Condition condition) {
  const net::Deadline deadline = soon();
  while (!condition() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  REQUIRE(condition());
}

// A server on a port of its own, and whom it knows.
struct Machines {
  // As in the program: OpenSSL writes without MSG_NOSIGNAL.
  Machines() { std::signal(SIGPIPE, SIG_IGN); }

  TemporaryFolder folder;
  net::ReportFiles files{folder / "reports"};
  net::Identity own = net::load_identity(net::PrivateFolder(folder / "own"));
  net::Connections connections;
  net::Troubles troubles;
  KeptTops tops;
  sockaddr_storage address{};
  SessionHooks hooks{
      .client_name = [this](const net::Pin& pin) -> std::optional<std::string> {
        if (pin == own.pin) return "local";
        return std::nullopt;
      },
      .make_report =
          [this](const net::ReportRequest&, const auto&...) {
            return std::make_shared<const net::ReportFile>(files.write("the report", "text"));
          },
      .keep_top = [this](const net::ReceivedTop& top) { return tops.keep(top); }};
  HookedDelegate delegate{hooks};
  net::ServerOptions options{.uses_tls = false};

  std::unique_ptr<net::Server> serve() {
    proc::UniqueFd listener = net::listen_on(
        net::resolve({.host = "127.0.0.1", .port = 0}, net::Purpose::Listening).front());
    address = net::local_address(listener.raw());
    return std::make_unique<net::Server>(std::move(listener), options, delegate, connections,
                                         troubles);
  }
  std::unique_ptr<net::Server> serve_tls() {
    options.uses_tls = true;
    hooks.tls = [context = std::make_shared<const net::TlsContext>(net::TlsContext::server(own))] {
      return context;
    };
    return serve();
  }

  proc::UniqueFd connect() const { return net::connect_to({address}, soon()); }

  // How often connections have ended in each way, once all have.
  std::map<std::string, std::uint64_t> outcomes(net::Server& server) const {
    server.shut_down(std::chrono::seconds(20));
    const net::ConnectionsSnapshot snapshot = connections.snapshot();
    std::map<std::string, std::uint64_t> counted;
    std::uint64_t sum = snapshot.active();
    for (const auto& [word, outcome] : net::kOutcomes) {
      const std::uint64_t count = snapshot.outcomes.at(static_cast<std::size_t>(outcome));
      if (count > 0) counted.emplace(word, count);
      sum += count;
    }
    CHECK(sum == snapshot.accepted);
    return counted;
  }
};

using Counts = std::map<std::string, std::uint64_t>;

inline void send(net::Stream& stream, const std::string& bytes) {
  stream.write_all(std::as_bytes(std::span(bytes)), soon());
}

// All that comes until the clean end.
inline std::string read_all(net::Stream& stream) {
  std::string all;
  std::array<std::byte, 4096> buffer{};
  while (const std::size_t count = stream.read_some(buffer, soon())) {
    all.append(reinterpret_cast<const char*>(buffer.data()), count);
  }
  return all;
}

// The code of the refusal that all ends with; the client then goes.
inline net::RefusalCode refused(net::Stream& stream) {
  const std::vector<net::Frame> frames = frames_of(read_all(stream));
  stream.finish_writing(soon());
  REQUIRE_FALSE(frames.empty());
  REQUIRE(frames.back().type == net::FrameType::Error);
  return net::parse_refusal(frames.back().payload).code;
}

}  // namespace topnet::test
