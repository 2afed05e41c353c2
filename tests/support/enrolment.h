// A server with enrolled clients, and two clients' keys.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "support/pins.h"
#include "support/test_server.h"

namespace topnet::test {

inline const std::string kJoin = frame(
    net::FrameType::Join,
    to_json(net::JoinRequest{.secret = "00112233445566778899aabbccddeeff", .server = pin_of('s')}));

// A client's connection after the TLS handshake.
struct ClientConnection {
  base::UniqueFd socket;
  net::TlsContext context;
  net::TlsStream stream;

  ClientConnection(const TestServer& fixture, const net::Identity& identity, const net::Pin& server)
      : socket(fixture.connect()),
        context(net::TlsContext::client(identity, {server})),
        stream(context, socket.raw(), soon()) {}

  net::FrameType read() {
    const auto next = net::read_frame(stream, soon());
    REQUIRE(next);
    return next->type;
  }
  void fetch() {
    send(stream, request_frame() + top_frame());
    CHECK(read() == net::FrameType::Data);
    CHECK(read() == net::FrameType::End);
    CHECK(read() == net::FrameType::Ack);
  }
  // Ends this side, and returns the remaining frames.
  std::vector<net::Frame> finish() {
    stream.finish_writing(soon());
    return frames_of(read_all(stream));
  }
};

struct EnrolmentFixture : TestServer {
  net::Identity db1 = net::load_identity(base::StateDirectory(folder / "db1"));
  net::Identity db2 = net::load_identity(base::StateDirectory(folder / "db2"));

  EnrolmentFixture() {
    hooks.client_name = [this](const net::Pin& pin) { return name_of(pin); };
    hooks.join = [this](const net::JoinRequest&,
                        const net::SessionPeer& peer) -> std::variant<net::Joined, net::Refusal> {
      enrol(peer.pin.value_or(""), "joined");
      return net::Joined{.name = "joined"};
    };
  }

  std::optional<std::string> name_of(const net::Pin& pin) {
    const std::scoped_lock lock(mutex_);
    const auto found = names_.find(pin);
    return found == names_.end() ? std::nullopt : std::optional(found->second);
  }
  void enrol(const net::Pin& pin, const std::string& name) {
    const std::scoped_lock lock(mutex_);
    names_[pin] = name;
  }
  void revoke(const net::Pin& pin) {
    const std::scoped_lock lock(mutex_);
    names_.erase(pin);
  }
  ClientConnection connect_as(const net::Identity& identity) const {
    return {*this, identity, own.pin};
  }

  // Returns when so many connections have finished their handshake and wait for a request.
  void wait_until_waiting(std::size_t count) const {
    wait_for([&] {
      std::size_t found = 0;
      for (const auto& each : connections.snapshot().connections) {
        found += each.phase == net::Phase::Waiting ? 1U : 0U;
      }
      return found == count;
    });
  }
  // Returns when the server has authenticated so many connections.
  void wait_until_authenticated(std::size_t count) const {
    wait_for([&] {
      std::size_t found = 0;
      for (const auto& each : connections.snapshot().connections) found += each.client ? 1U : 0U;
      return found == count;
    });
  }

 private:
  std::mutex mutex_;
  std::map<net::Pin, std::string> names_;
};

}  // namespace topnet::test
