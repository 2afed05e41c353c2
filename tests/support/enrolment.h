// Two machines that may be enrolled at a server, which clients say so to, and who is.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "support/machines.h"
#include "support/pins.h"
#include "support/session_trial.h"

namespace topnet::test {

inline const std::string kJoin = frame(
    net::FrameType::Join,
    to_json(net::JoinRequest{.secret = "00112233445566778899aabbccddeeff", .server = pin_of('s')}));

// The code of the refusal that all ends with. Nothing more is sent: a server that has ended the
// input of whom it revoked does not wait for a goodbye.
inline net::RefusalCode cut_off(net::Stream& stream) {
  const std::vector<net::Frame> frames = frames_of(read_all(stream));
  REQUIRE_FALSE(frames.empty());
  REQUIRE(frames.back().type == net::FrameType::Error);
  return net::parse_refusal(frames.back().payload).code;
}

// A client's connection, hands shaken.
struct Connected {
  proc::UniqueFd socket;
  net::TlsContext context;
  net::TlsStream stream;

  Connected(const Machines& machines, const net::Identity& identity, const net::Pin& server)
      : socket(machines.connect()),
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
  // What is left to be read, once this side has ended.
  std::vector<net::Frame> finish() {
    stream.finish_writing(soon());
    return frames_of(read_all(stream));
  }
};

struct Enrolment : Machines {
  net::Identity db1 = net::load_identity(net::PrivateFolder(folder / "db1"));
  net::Identity db2 = net::load_identity(net::PrivateFolder(folder / "db2"));

  Enrolment() {
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
  Connected connect_as(const net::Identity& identity) const { return {*this, identity, own.pin}; }

  // Returns when the server knows whose connections these are.
  void wait_until_known(std::size_t count) const {
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
