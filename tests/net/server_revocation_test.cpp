// Clients that are revoked while a server runs, whatever they are doing.
#include <sys/socket.h>

#include <atomic>
#include <string>

#include "net/report_files.h"
#include "support/catch.h"
#include "support/enrolment.h"
#include "support/gate.h"

using namespace topnet::net;
using topnet::test::Counts;
using topnet::test::cut_off;
using topnet::test::Enrolment;
using topnet::test::Gate;
using topnet::test::kJoin;
using topnet::test::refused;
using topnet::test::request_frame;
using topnet::test::send;
using topnet::test::soon;
using topnet::test::wait_for;

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
  CHECK(machines.tops.all().empty());
  CHECK(machines.outcomes(*server) == Counts{{"refused_auth", 1}});
}

TEST_CASE("a client that is revoked while its report is made gets none of it") {
  Enrolment machines;
  Gate gate;
  machines.enrol(machines.db1.pin, "db1");
  machines.hooks.make_report = [&](const ReportRequest&, const auto&...) {
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

TEST_CASE("a client that is revoked as soon as it has joined is not let in") {
  Enrolment machines;
  machines.hooks.join = [&](const JoinRequest&,
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
  machines.hooks.client_name = [&](const Pin&) -> std::optional<std::string> {
    if (looks++ > 0) return std::nullopt;
    return "db1";
  };
  const auto server = machines.serve_tls();
  auto revoked = machines.connect_as(machines.db1);
  send(revoked.stream, request_frame());
  CHECK(refused(revoked.stream) == RefusalCode::NotEnrolled);
  CHECK(machines.outcomes(*server) == Counts{{"refused_auth", 1}});
}

TEST_CASE(
    "a client that is revoked while it does not read its report is cut off at the second look") {
  Enrolment machines;
  machines.enrol(machines.db1.pin, "db1");
  // More than the buffers of both sockets hold.
  machines.hooks.make_report = [&](const ReportRequest&, const auto&...) {
    const std::string report(std::size_t{16} * 1024 * 1024, 'x');
    return std::make_shared<const ReportFile>(machines.files.write(report, "text"));
  };
  const auto server = machines.serve_tls();
  auto revoked = machines.connect_as(machines.db1);
  send(revoked.stream, request_frame());
  CHECK(revoked.read() == FrameType::Data);
  machines.revoke(machines.db1.pin);
  server->check_enrolments();
  CHECK(machines.connections.snapshot().active() == 1);
  server->cut_revoked();
  wait_for([&] { return machines.connections.snapshot().active() == 0; });
  CHECK(machines.outcomes(*server) == Counts{{"refused_auth", 1}});
}

TEST_CASE("a client that is revoked in the middle of a frame is cut off, and others are not") {
  Enrolment machines;
  machines.enrol(machines.db1.pin, "db1");
  machines.enrol(machines.db2.pin, "db2");
  const auto server = machines.serve_tls();
  auto revoked = machines.connect_as(machines.db1);
  auto other = machines.connect_as(machines.db2);
  machines.wait_until_known(2);
  send(revoked.stream, request_frame().substr(0, 3));
  machines.revoke(machines.db1.pin);
  server->check_enrolments();
  server->cut_revoked();
  wait_for([&] { return machines.connections.snapshot().active() == 1; });
  other.fetch();
  CHECK(other.finish().empty());
  CHECK(machines.outcomes(*server) == Counts{{"completed", 1}, {"refused_auth", 1}});
}
