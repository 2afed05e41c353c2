// Who is enrolled while a server runs: joins, revocations, and a key that changes.
#include <atomic>
#include <thread>

#include "net/server.h"
#include "net/socket.h"
#include "support/catch.h"
#include "support/gate.h"
#include "support/machines.h"
#include "support/pins.h"
#include "support/session_trial.h"

using namespace topnet::net;
using topnet::proc::UniqueFd;
using topnet::test::Counts;
using topnet::test::frame;
using topnet::test::frames_of;
using topnet::test::Gate;
using topnet::test::Machines;
using topnet::test::pin_of;
using topnet::test::read_all;
using topnet::test::refused;
using topnet::test::request_frame;
using topnet::test::send;
using topnet::test::soon;
using topnet::test::top_frame;

namespace {

const std::string kSecret = "00112233445566778899aabbccddeeff";
const std::string kJoin =
    frame(FrameType::Join, to_json(JoinRequest{.secret = kSecret, .server = pin_of('s')}));

// The code of the refusal that all ends with. Nothing more is sent: a server that has ended the
// input of whom it revoked does not wait for a goodbye.
RefusalCode cut_off(Stream& stream) {
  const std::vector<Frame> frames = frames_of(read_all(stream));
  REQUIRE_FALSE(frames.empty());
  REQUIRE(frames.back().type == FrameType::Error);
  return parse_refusal(frames.back().payload).code;
}

// A client's connection, hands shaken.
struct Connected {
  UniqueFd socket;
  TlsContext context;
  TlsStream stream;

  Connected(const Machines& machines, const Identity& identity, const Pin& server)
      : socket(machines.connect()),
        context(TlsContext::client(identity, {server})),
        stream(context, socket.raw(), soon()) {}

  FrameType read() {
    const auto next = read_frame(stream, soon());
    REQUIRE(next);
    return next->type;
  }
  void fetch() {
    send(stream, request_frame() + top_frame());
    CHECK(read() == FrameType::Data);
    CHECK(read() == FrameType::End);
    CHECK(read() == FrameType::Ack);
  }
  // What is left to be read, once this side has ended.
  std::vector<Frame> finish() {
    stream.finish_writing(soon());
    return frames_of(read_all(stream));
  }
};

// Two machines that may be enrolled, and who is.
struct Enrolment : Machines {
  Identity db1 = load_identity(PrivateFolder(folder / "db1"));
  Identity db2 = load_identity(PrivateFolder(folder / "db2"));

  Enrolment() {
    options.client_name = [this](const Pin& pin) { return name_of(pin); };
    options.join = [this](const JoinRequest&,
                          const SessionPeer& peer) -> std::variant<Joined, Refusal> {
      enrol(peer.pin.value_or(""), "joined");
      return Joined{.name = "joined"};
    };
  }

  std::optional<std::string> name_of(const Pin& pin) {
    const std::scoped_lock lock(mutex_);
    const auto found = names_.find(pin);
    return found == names_.end() ? std::nullopt : std::optional(found->second);
  }
  void enrol(const Pin& pin, const std::string& name) {
    const std::scoped_lock lock(mutex_);
    names_[pin] = name;
  }
  void revoke(const Pin& pin) {
    const std::scoped_lock lock(mutex_);
    names_.erase(pin);
  }
  Connected connect_as(const Identity& identity) const { return {*this, identity, own.pin}; }
  // Returns when the server knows whose connections these are.
  void wait_until_known(std::size_t count) const {
    const Deadline deadline = soon();
    const auto known = [&] {
      std::size_t found = 0;
      for (const auto& each : connections.snapshot().connections) found += each.client ? 1U : 0U;
      return found;
    };
    while (known() < count && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    REQUIRE(known() == count);
  }

 private:
  std::mutex mutex_;
  std::map<Pin, std::string> names_;
};

}  // namespace

TEST_CASE("a stranger joins and is served on one connection, and on the next without a join") {
  Enrolment machines;
  const auto server = machines.serve_tls();
  auto first = machines.connect_as(machines.db1);
  send(first.stream, kJoin);
  CHECK(first.read() == FrameType::Joined);
  CHECK(machines.connections.snapshot().connections.at(0).client == "joined");
  first.fetch();
  auto second = machines.connect_as(machines.db1);
  second.fetch();
  CHECK(first.finish().empty());
  CHECK(second.finish().empty());
  CHECK(machines.outcomes(*server) == Counts{{"completed", 2}});
}

TEST_CASE("without TLS nobody can join") {
  Enrolment machines;
  machines.options.join = ServerOptions().join;  // as the program does it
  const auto server = machines.serve();
  const UniqueFd socket = machines.connect();
  SocketStream stream(socket.raw());
  send(stream, kJoin + request_frame());
  CHECK(refused(stream) == RefusalCode::JoinRefused);
  CHECK(machines.outcomes(*server) == Counts{{"refused_auth", 1}});
}

TEST_CASE(
    "a client that is revoked while it waits or holds is told so, and others notice nothing") {
  for (const bool has_fetched : {false, true}) {
    CAPTURE(has_fetched);
    Enrolment machines;
    machines.enrol(machines.db1.pin, "db1");
    machines.enrol(machines.db2.pin, "db2");
    const auto server = machines.serve_tls();
    auto revoked = machines.connect_as(machines.db1);
    auto other = machines.connect_as(machines.db2);
    machines.wait_until_known(2);
    if (has_fetched) {
      revoked.fetch();
      other.fetch();
    }
    machines.revoke(machines.db1.pin);
    server->check_enrolments();
    CHECK(cut_off(revoked.stream) == RefusalCode::NotEnrolled);
    auto again = machines.connect_as(machines.db1);
    send(again.stream, request_frame());
    CHECK(refused(again.stream) == RefusalCode::NotEnrolled);
    other.fetch();
    other.fetch();
    CHECK(other.finish().empty());
    CHECK(machines.outcomes(*server) == Counts{{"completed", 1}, {"refused_auth", 2}});
  }
}

TEST_CASE("a client that is revoked in the middle of an exchange is told so instead of its ACK") {
  Enrolment machines;
  machines.enrol(machines.db1.pin, "db1");
  const auto server = machines.serve_tls();
  auto revoked = machines.connect_as(machines.db1);
  send(revoked.stream, request_frame());
  CHECK(revoked.read() == FrameType::Data);
  CHECK(revoked.read() == FrameType::End);
  machines.revoke(machines.db1.pin);
  server->check_enrolments();
  CHECK(cut_off(revoked.stream) == RefusalCode::NotEnrolled);
  CHECK(machines.connections.snapshot().tops.empty());
  CHECK(machines.outcomes(*server) == Counts{{"refused_auth", 1}});
}

TEST_CASE("a client that is revoked while its report is made gets none of it") {
  Enrolment machines;
  Gate gate;
  machines.enrol(machines.db1.pin, "db1");
  machines.options.make_report = [&](const ReportRequest&, const auto&...) {
    gate.pass();
    return std::make_shared<const ReportFile>(machines.files.write("the report", "text"));
  };
  const auto server = machines.serve_tls();
  auto revoked = machines.connect_as(machines.db1);
  send(revoked.stream, request_frame());
  gate.wait_for_somebody();
  machines.revoke(machines.db1.pin);
  server->check_enrolments();
  gate.open();
  const auto frame = read_frame(revoked.stream, soon());
  REQUIRE(frame);
  REQUIRE(frame->type == FrameType::Error);
  CHECK(parse_refusal(frame->payload).code == RefusalCode::NotEnrolled);
  CHECK_FALSE(read_frame(revoked.stream, soon()));
  CHECK(machines.outcomes(*server) == Counts{{"refused_auth", 1}});
}

TEST_CASE("a client that joins while others are revoked is not taken for one of them") {
  Enrolment machines;
  Gate gate;
  machines.options.join = [&](const JoinRequest&,
                              const SessionPeer& peer) -> std::variant<Joined, Refusal> {
    gate.pass();
    machines.enrol(peer.pin.value_or(""), "joined");
    return Joined{.name = "joined"};
  };
  const auto server = machines.serve_tls();
  auto joining = machines.connect_as(machines.db1);
  send(joining.stream, kJoin);
  gate.wait_for_somebody();
  server->check_enrolments();
  gate.open();
  CHECK(joining.read() == FrameType::Joined);
  joining.fetch();
  server->check_enrolments();
  joining.fetch();
  machines.revoke(machines.db1.pin);
  server->check_enrolments();
  CHECK(cut_off(joining.stream) == RefusalCode::NotEnrolled);
  CHECK(machines.outcomes(*server) == Counts{{"refused_auth", 1}});
}

TEST_CASE("a client that is revoked as soon as it has joined is not let in") {
  Enrolment machines;
  machines.options.join = [&](const JoinRequest&,
                              const SessionPeer&) -> std::variant<Joined, Refusal> {
    return Joined{.name = "joined"};
  };
  const auto server = machines.serve_tls();
  auto joining = machines.connect_as(machines.db1);
  send(joining.stream, kJoin + request_frame());
  CHECK(refused(joining.stream) == RefusalCode::JoinRefused);
  CHECK(machines.outcomes(*server) == Counts{{"refused_auth", 1}});
}

TEST_CASE("a client that is revoked while it shakes hands is not let in") {
  Enrolment machines;
  // Revoked, and all connections looked at, between the first look at its name and whatever
  // follows.
  std::atomic<int> looks = 0;
  machines.options.client_name = [&](const Pin&) -> std::optional<std::string> {
    if (looks++ > 0) return std::nullopt;
    return "db1";
  };
  const auto server = machines.serve_tls();
  auto revoked = machines.connect_as(machines.db1);
  send(revoked.stream, request_frame());
  CHECK(refused(revoked.stream) == RefusalCode::NotEnrolled);
  CHECK(machines.outcomes(*server) == Counts{{"refused_auth", 1}});
}

TEST_CASE("enrolments that have not changed end nothing") {
  Enrolment machines;
  machines.enrol(machines.db1.pin, "db1");
  const auto server = machines.serve_tls();
  auto enrolled = machines.connect_as(machines.db1);
  auto stranger = machines.connect_as(machines.db2);
  machines.wait_until_known(1);
  for (int i = 0; i < 3; ++i) server->check_enrolments();
  enrolled.fetch();
  CHECK(enrolled.finish().empty());
  // The stranger's turn to join has not passed.
  send(stranger.stream, kJoin);
  CHECK(stranger.read() == FrameType::Joined);
  CHECK(stranger.finish().empty());
  CHECK(machines.outcomes(*server) == Counts{{"completed", 2}});
}

TEST_CASE("a new key is shown to new connections, and those that are there go on") {
  Enrolment machines;
  const Identity next = load_identity(PrivateFolder(machines.folder / "next"));
  machines.enrol(machines.db1.pin, "db1");
  std::atomic<bool> has_changed = false;
  const auto old_context = std::make_shared<const TlsContext>(TlsContext::server(machines.own));
  const auto new_context = std::make_shared<const TlsContext>(TlsContext::server(next));
  machines.options.tls = [&] { return has_changed ? new_context : old_context; };
  const auto server = machines.serve();
  Connected before(machines, machines.db1, machines.own.pin);
  before.fetch();
  has_changed = true;
  Connected behind(machines, machines.db1, next.pin);
  behind.fetch();
  before.fetch();
  CHECK_THROWS_AS(Connected(machines, machines.db1, machines.own.pin), UntrustedKeyError);
  CHECK(before.finish().empty());
  CHECK(behind.finish().empty());
  CHECK(machines.outcomes(*server) == Counts{{"completed", 2}, {"handshake_failed", 1}});
}
