// Runs a server on a free port, for clients that send frames.
#pragma once

#include <array>
#include <csignal>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <thread>

#include "net/connect.h"
#include "net/server/server.h"
#include "net/socket.h"
#include "support/session_fixture.h"

namespace topnet::test {

inline net::Deadline soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(20); }

// Returns once `condition()` holds. Fails after the time of soon().
template <typename Condition>
void wait_for(Condition condition) {
  const net::Deadline deadline = soon();
  while (!condition() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  REQUIRE(condition());
}

struct TestServer {
  // As in the program: OpenSSL writes without MSG_NOSIGNAL.
  TestServer() { std::signal(SIGPIPE, SIG_IGN); }

  TemporaryFolder folder;
  net::ReportArchive archive{folder / "reports"};
  net::Identity own = net::load_identity(base::StateDirectory(folder / "own"));
  net::Connections connections;
  net::ResourceErrors resource_errors;
  KeptReports client_reports;
  sockaddr_storage address{};
  SessionHooks hooks{
      .client_name = [this](const net::Pin& pin) -> std::optional<std::string> {
        if (pin == own.pin) return "local";
        return std::nullopt;
      },
      .make_report =
          [this](const net::ReportRequest&, const auto&...) {
            return std::make_shared<const net::ReportFile>(archive.write("the report", "text"));
          },
      .keep_report = [this](const net::ClientReport& each) { return client_reports.keep(each); }};
  HookedDelegate delegate{hooks};
  // The kernel passes a silent connection on at once, so that no test waits for it.
  net::ServerOptions options{.uses_tls = false, .silence = std::chrono::seconds(0)};

  std::unique_ptr<net::Server> serve() {
    std::vector<base::UniqueFd> listeners;
    listeners.push_back(net::listen_on(*net::to_socket_address({.host = "127.0.0.1", .port = 0})));
    address = net::local_address(listeners.front().raw());
    return std::make_unique<net::Server>(std::move(listeners), options, delegate, connections,
                                         resource_errors);
  }
  std::unique_ptr<net::Server> serve_tls() {
    options.uses_tls = true;
    hooks.tls = [context = std::make_shared<const net::TlsContext>(net::TlsContext::server(own))] {
      return context;
    };
    return serve();
  }

  base::UniqueFd connect() const { return net::connect_to({address}, soon()); }

  // Shuts the server down, and returns the number of connections that ended in each way.
  std::map<std::string, std::uint64_t> outcomes(net::Server& server) const {
    server.shut_down(std::chrono::seconds(20));
    const net::ConnectionsSnapshot snapshot = connections.snapshot();
    std::map<std::string, std::uint64_t> counted;
    std::uint64_t sum = snapshot.active();
    for (const auto& [name, outcome] : net::kOutcomes) {
      const std::uint64_t count = snapshot.outcomes.at(static_cast<std::size_t>(outcome));
      if (count > 0) counted.emplace(name, count);
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

// All bytes until the clean end.
inline std::string read_all(net::Stream& stream) {
  std::string all;
  std::array<std::byte, 4096> buffer{};
  while (const std::size_t count = stream.read_some(buffer, soon())) {
    all.append(reinterpret_cast<const char*>(buffer.data()), count);
  }
  return all;
}

// The code of the refusal in the last frame. The client does not end its side, since a server that
// has ended a revoked client's input does not wait for that.
inline net::RefusalCode read_refusal(net::Stream& stream) {
  return refusal_in(frames_of(read_all(stream))).code;
}

// The same; the client then ends its side.
inline net::RefusalCode refused(net::Stream& stream) {
  const net::RefusalCode code = read_refusal(stream);
  stream.finish_writing(soon());
  return code;
}

}  // namespace topnet::test
