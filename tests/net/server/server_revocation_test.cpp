// Clients that are revoked while a server runs, in every state of their connection.
#include <sys/socket.h>

#include <atomic>
#include <string>

#include "net/server/report_archive.h"
#include "support/catch.h"
#include "support/enrolment.h"
#include "support/gate.h"

using namespace topnet::base;
using namespace topnet::net;
using namespace topnet::test;

TEST_CASE("Server: tells a waiting or holding client that it is revoked, and no other",
          "[server]") {
  for (const bool has_fetched : {false, true}) {
    CAPTURE(has_fetched);
    EnrolmentFixture fixture;
    fixture.enrol(fixture.db1.pin, "db1");
    fixture.enrol(fixture.db2.pin, "db2");
    const auto server = fixture.serve_tls();
    auto revoked = fixture.connect_as(fixture.db1);
    auto other = fixture.connect_as(fixture.db2);
    fixture.wait_until_authenticated(2);
    if (has_fetched) {
      revoked.fetch();
      other.fetch();
    }
    fixture.revoke(fixture.db1.pin);
    server->check_enrolments();
    CHECK(read_refusal(revoked.stream) == RefusalCode::NotEnrolled);
    auto again = fixture.connect_as(fixture.db1);
    send(again.stream, request_frame());
    CHECK(refused(again.stream) == RefusalCode::NotEnrolled);
    other.fetch();
    other.fetch();
    CHECK(other.finish().empty());
    CHECK(fixture.outcomes(*server) == Counts{{"completed", 1}, {"refused_auth", 2}});
  }
}

TEST_CASE("Server: tells a client that is revoked during an exchange instead of the ACK",
          "[server]") {
  EnrolmentFixture fixture;
  fixture.enrol(fixture.db1.pin, "db1");
  const auto server = fixture.serve_tls();
  auto revoked = fixture.connect_as(fixture.db1);
  send(revoked.stream, request_frame());
  CHECK(revoked.read() == FrameType::Data);
  CHECK(revoked.read() == FrameType::End);
  fixture.revoke(fixture.db1.pin);
  server->check_enrolments();
  CHECK(read_refusal(revoked.stream) == RefusalCode::NotEnrolled);
  CHECK(fixture.client_reports.all().empty());
  CHECK(fixture.outcomes(*server) == Counts{{"refused_auth", 1}});
}

TEST_CASE("Server: sends nothing of a report whose client was revoked meanwhile", "[server]") {
  EnrolmentFixture fixture;
  Gate gate;
  fixture.enrol(fixture.db1.pin, "db1");
  fixture.hooks.make_report = [&](const ReportRequest&, const auto&...) {
    gate.pass();
    return std::make_shared<const ReportFile>(fixture.archive.write("the report", "text"));
  };
  const auto server = fixture.serve_tls();
  auto revoked = fixture.connect_as(fixture.db1);
  send(revoked.stream, request_frame());
  gate.wait_for_arrival();
  fixture.revoke(fixture.db1.pin);
  server->check_enrolments();
  gate.open();
  const auto frame = read_frame(revoked.stream, soon());
  REQUIRE(frame);
  REQUIRE(frame->type == FrameType::Error);
  CHECK(parse_refusal(frame->payload).code == RefusalCode::NotEnrolled);
  CHECK_FALSE(read_frame(revoked.stream, soon()));
  CHECK(fixture.outcomes(*server) == Counts{{"refused_auth", 1}});
}

TEST_CASE("Server: refuses a client that is revoked while it joins", "[server]") {
  EnrolmentFixture fixture;
  fixture.hooks.join = [&](const JoinRequest&,
                           const SessionPeer&) -> std::variant<Joined, Refusal> {
    return Joined{.name = "joined"};
  };
  const auto server = fixture.serve_tls();
  auto joining = fixture.connect_as(fixture.db1);
  send(joining.stream, kJoin + request_frame());
  CHECK(refused(joining.stream) == RefusalCode::JoinRefused);
  CHECK(fixture.outcomes(*server) == Counts{{"refused_auth", 1}});
}

TEST_CASE("Server: refuses a client that is revoked during its handshake", "[server]") {
  EnrolmentFixture fixture;
  // Revoked, and all connections checked, between the first query of the name and the second.
  std::atomic<int> queries = 0;
  fixture.hooks.client_name = [&](const Pin&) -> std::optional<std::string> {
    if (queries++ > 0) return std::nullopt;
    return "db1";
  };
  const auto server = fixture.serve_tls();
  auto revoked = fixture.connect_as(fixture.db1);
  send(revoked.stream, request_frame());
  CHECK(refused(revoked.stream) == RefusalCode::NotEnrolled);
  CHECK(fixture.outcomes(*server) == Counts{{"refused_auth", 1}});
}

TEST_CASE("Server: disconnects a revoked client that does not read at the second check",
          "[server]") {
  EnrolmentFixture fixture;
  fixture.enrol(fixture.db1.pin, "db1");
  // More than the buffers of both sockets hold.
  fixture.hooks.make_report = [&](const ReportRequest&, const auto&...) {
    const std::string report(std::size_t{16} * 1024 * 1024, 'x');
    return std::make_shared<const ReportFile>(fixture.archive.write(report, "text"));
  };
  const auto server = fixture.serve_tls();
  auto revoked = fixture.connect_as(fixture.db1);
  send(revoked.stream, request_frame());
  CHECK(revoked.read() == FrameType::Data);
  fixture.revoke(fixture.db1.pin);
  server->check_enrolments();
  CHECK(fixture.connections.snapshot().active() == 1);
  server->disconnect_revoked();
  wait_for([&] { return fixture.connections.snapshot().active() == 0; });
  CHECK(fixture.outcomes(*server) == Counts{{"refused_auth", 1}});
}

TEST_CASE("Server: disconnects a revoked client in the middle of a frame, and no other",
          "[server]") {
  EnrolmentFixture fixture;
  fixture.enrol(fixture.db1.pin, "db1");
  fixture.enrol(fixture.db2.pin, "db2");
  const auto server = fixture.serve_tls();
  auto revoked = fixture.connect_as(fixture.db1);
  auto other = fixture.connect_as(fixture.db2);
  fixture.wait_until_authenticated(2);
  send(revoked.stream, request_frame().substr(0, 3));
  fixture.revoke(fixture.db1.pin);
  server->check_enrolments();
  server->disconnect_revoked();
  wait_for([&] { return fixture.connections.snapshot().active() == 1; });
  other.fetch();
  CHECK(other.finish().empty());
  CHECK(fixture.outcomes(*server) == Counts{{"completed", 1}, {"refused_auth", 1}});
}
