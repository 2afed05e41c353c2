#include "net/server/session.h"

#include "base/files/file_error.h"
#include "support/catch.h"
#include "support/session_fixture.h"

using namespace topnet::base;
using namespace topnet::net;
using namespace topnet::test;

namespace {

const std::string kId = "00112233445566778899aabbccddeeff";
const std::string kOtherId = "ffeeddccbbaa99887766554433221100";

}  // namespace

TEST_CASE("ServerSession: X1, X2, X4, X5: answers REQUEST with a report and TOP with an ACK",
          "[server_session]") {
  SessionFixture fixture;
  const auto [frames, outcome] = fixture.answer(request_frame({.count = 3}) + top_frame(kId));
  CHECK(outcome == Outcome::Completed);
  REQUIRE(types_of(frames) == std::vector{FrameType::Data, FrameType::End, FrameType::Ack});
  CHECK(frames[0].payload == "the report");
  // From sha256sum.
  CHECK(parse_end(frames[1].payload) ==
        ReportEnd{.length = 10,
                  .sha256 = "14e4cce86788499d03144f70ab24ca83d1abe97d55153c71ee1df55c5296c1f9"});
  CHECK(parse_ack(frames[2].payload) == Ack{.id = kId});
  REQUIRE(fixture.done.size() == 1);
  CHECK(fixture.done[0].client == "db1");
  CHECK(fixture.done[0].request.count == 3);
  CHECK(fixture.done[0].busiest.name == "postgres");
  CHECK(topnet::test::read_file(fixture.done[0].report) == "the report");
  const auto snapshot = fixture.connections.snapshot();
  CHECK(snapshot.reports_sent == 1);
  CHECK(snapshot.client_reports_received == 1);
  REQUIRE(fixture.client_reports.all().size() == 1);
  CHECK(fixture.client_reports.all()[0].client == "db1");
  CHECK(fixture.client_reports.all()[0].peer == "192.0.2.1:4000");
  CHECK(fixture.client_reports.all()[0].busiest.pid == 4121);
  CHECK(snapshot.connections.at(0).requests == 1);
}

TEST_CASE("ServerSession: X2: sends a report of any length, without DATA if it is empty",
          "[server_session]") {
  SessionFixture fixture;
  fixture.report.clear();
  const auto nothing = fixture.answer(request_frame() + top_frame());
  CHECK(types_of(nothing.frames) == std::vector{FrameType::End, FrameType::Ack});

  fixture.report = std::string(200000, 'a') + std::string(100000, 'b');
  const auto [frames, outcome] = fixture.answer(request_frame() + top_frame());
  CHECK(outcome == Outcome::Completed);
  CHECK(data_of(frames) == fixture.report);
  CHECK(parse_end(frames.at(frames.size() - 2).payload).length == 300000);
}

TEST_CASE("ServerSession: X5: acknowledges a repeated TOP and stores it once", "[server_session]") {
  SessionFixture fixture;
  const std::string twice = request_frame() + top_frame(kId) + request_frame() + top_frame(kId);
  const auto [frames, outcome] = fixture.answer(twice);
  CHECK(outcome == Outcome::Completed);
  CHECK(parse_ack(frames.back().payload) == Ack{.id = kId});
  fixture.peer.id = fixture.connections.open("192.0.2.1:4001");
  CHECK(fixture.answer(request_frame() + top_frame(kId)).outcome == Outcome::Completed);
  CHECK(fixture.connections.snapshot().client_reports_received == 1);
  CHECK(fixture.answer(request_frame() + top_frame(kOtherId)).outcome == Outcome::Completed);
  CHECK(fixture.connections.snapshot().client_reports_received == 2);
  CHECK(fixture.client_reports.all().size() == 2);
}

TEST_CASE("ServerSession: X6, X13: a connection carries several exchanges, also sent ahead",
          "[server_session]") {
  for (const std::size_t exchanges : {1U, 2U, 5U}) {
    SessionFixture fixture;
    std::string input;
    for (std::size_t i = 0; i < exchanges; ++i) input += request_frame() + top_frame();
    const auto [frames, outcome] = fixture.answer(input);
    CHECK(outcome == Outcome::Completed);
    CHECK(frames.size() == 3 * exchanges);
    CHECK(fixture.done.size() == exchanges);
  }
}

TEST_CASE("ServerSession: a client that ends before the first complete exchange is gone",
          "[server_session]") {
  for (const std::string& input : {std::string(), request_frame()}) {
    SessionFixture fixture;
    const auto [frames, outcome] = fixture.answer(input);
    CHECK(outcome == Outcome::PeerGone);
    CHECK(fixture.done.empty());
    for (const Frame& each : frames) CHECK(each.type != FrameType::Error);
  }
}

TEST_CASE("ServerSession: X8, F6, E5: answers an unexpected frame with an ERROR as the last frame",
          "[server_session]") {
  const std::string finished = request_frame() + top_frame();
  for (const auto& [before, expected] : std::vector<std::pair<std::string, std::string>>{
           {"", request_frame()}, {request_frame(), top_frame()}, {finished, request_frame()}}) {
    for (char type = 1; type <= 6; ++type) {
      if (type == expected[0]) continue;
      CAPTURE(before.size(), int{type});
      // Valid except for its type.
      std::string other = expected;
      other[0] = type;
      SessionFixture fixture;
      MemoryStream stream(before + other + expected);
      CHECK(fixture.run(stream) == Outcome::ProtocolError);
      CHECK(refusal_in(frames_of(stream.output)).code == RefusalCode::Protocol);
      CHECK(stream.left() == expected.size());
    }
  }
}

TEST_CASE("ServerSession: F3, F4, F6, M3: answers an invalid frame or message with an ERROR",
          "[server_session]") {
  for (const auto& [input, error] : std::vector<std::pair<std::string, std::string>>{
           {"GET / HTTP/1.1\r\n\r\n", "unknown frame type 71"},
           {std::string("\x09\0\0\0\0", 5), "unknown frame type 9"},
           {std::string("\x01\0\0\x10\x01", 5), "announces 4097 bytes"},
           {frame(FrameType::Request, "[]"), "not a JSON object"},
           {frame(FrameType::Request, "{}"), "missing or out of range"},
           {request_frame() + frame(FrameType::Top, "{\"id\":\"x\"}"),
            "missing or out of range"}}) {
    CAPTURE(error);
    SessionFixture fixture;
    const auto [frames, outcome] = fixture.answer(input);
    CHECK(outcome == Outcome::ProtocolError);
    CHECK(refusal_in(frames).code == RefusalCode::Protocol);
    CHECK_THAT(refusal_in(frames).text, Catch::Contains(error));
    CHECK(fixture.done.empty());
  }
}

TEST_CASE(
    "ServerSession: F5: an end inside a frame is a protocol error and a broken connection is not",
    "[server_session]") {
  const std::string complete = request_frame() + top_frame();
  for (std::size_t length = 0; length < complete.size(); ++length) {
    CAPTURE(length);
    const bool is_between = length == 0 || length == request_frame().size();
    SessionFixture ended;
    MemoryStream stream(complete.substr(0, length));
    CHECK(ended.run(stream) == (is_between ? Outcome::PeerGone : Outcome::ProtocolError));
    CHECK(ended.done.empty());

    SessionFixture broken;
    MemoryStream breaking(complete.substr(0, length), 7, MemoryStream::Then::Break);
    CHECK(broken.run(breaking) == Outcome::PeerGone);
    CHECK(broken.client_reports.all().empty());
  }
}

TEST_CASE("ServerSession: F5, D5: single bytes do not extend a deadline", "[server_session]") {
  SessionFixture fixture;
  MemoryStream stream(request_frame() + top_frame(), 1);
  CHECK(fixture.run(stream) == Outcome::Completed);
  CHECK(frames_of(stream.output).size() == 3);
  // Of the first request, of the exchange, of a second request.
  CHECK(stream.read_deadlines.size() == 3);
  CHECK(stream.write_deadlines.size() == 1);
}

TEST_CASE("ServerSession: E1, C6: refuses an unknown client in answer to its first frame",
          "[server_session]") {
  SessionFixture silent;
  silent.peer.is_enrolled = false;
  const auto nothing = silent.answer("");
  CHECK(nothing.outcome == Outcome::PeerGone);
  CHECK(nothing.frames.empty());

  for (const std::string& first :
       {request_frame(), top_frame(), frame(FrameType::Request, "no JSON")}) {
    SessionFixture fixture;
    fixture.peer.is_enrolled = false;
    fixture.hooks.make_report = [](const ReportRequest&,
                                   const WaitUntil&) -> std::shared_ptr<const ReportFile> {
      throw std::logic_error("an unknown client is not served");
    };
    const auto [frames, outcome] = fixture.answer(first + top_frame());
    CHECK(outcome == Outcome::RefusedAuth);
    CHECK(frames.size() == 1);
    CHECK(refusal_in(frames).code == RefusalCode::NotEnrolled);
  }
}

TEST_CASE("ServerSession: E10: tells an unknown client that its first frame is malformed",
          "[server_session]") {
  for (const std::string& first : {std::string("\x09\0\0\0\0", 5),
                                   std::string("\x01\xff\xff\xff\xff"), std::string("GET /")}) {
    SessionFixture fixture;
    fixture.peer.is_enrolled = false;
    const auto [frames, outcome] = fixture.answer(first);
    CHECK(outcome == Outcome::ProtocolError);
    CHECK(frames.size() == 1);
    CHECK(refusal_in(frames).code == RefusalCode::Protocol);
  }
}

TEST_CASE("ServerSession: E6: a failure to store a report does not reveal the server's paths",
          "[server_session]") {
  SessionFixture fixture;
  fixture.hooks.make_report = [](const ReportRequest&,
                                 const WaitUntil&) -> std::shared_ptr<const ReportFile> {
    throw FileError("write", "/var/lib/topnet/reports/report-1.text", ENOSPC);
  };
  const auto [frames, outcome] = fixture.answer(request_frame() + top_frame());
  CHECK(outcome == Outcome::InternalError);
  REQUIRE(frames.size() == 1);
  CHECK(refusal_in(frames).code == RefusalCode::Internal);
  CHECK(refusal_in(frames).text ==
        "the server could not write the report: No space left on device");
}

TEST_CASE("ServerSession: E6: a failure to make or read a report does not reveal its reason",
          "[server_session]") {
  SessionFixture scan;
  scan.hooks.make_report = [](const ReportRequest&,
                              const WaitUntil&) -> std::shared_ptr<const ReportFile> {
    throw std::runtime_error("could not read /proc");
  };
  SessionFixture file;
  file.hooks.make_report = [](const ReportRequest&, const WaitUntil&) {
    return std::make_shared<const ReportFile>(ReportFile{.path = "/x", .file = {}});
  };
  for (SessionFixture* const fixture : {&scan, &file}) {
    const auto [frames, outcome] = fixture->answer(request_frame() + top_frame());
    CHECK(outcome == Outcome::InternalError);
    CHECK(refusal_in(frames) ==
          Refusal{.code = RefusalCode::Internal, .text = "internal server error"});
  }
}

TEST_CASE("ServerSession: E3: a server that shuts down refuses a request that is incomplete",
          "[server_session]") {
  const std::string request = request_frame();
  for (std::size_t length = 1; length < request.size(); ++length) {
    CAPTURE(length);
    SessionFixture fixture;
    MemoryStream stream(request.substr(0, length), 7, MemoryStream::Then::Silence);
    fixture.hooks.wait_for_client = [&](Deadline) {
      return stream.left() > 0 ? WaitResult::Readable : WaitResult::ShuttingDown;
    };
    CHECK(fixture.run(stream) == Outcome::RefusedBusy);
    CHECK(refusal_in(frames_of(stream.output)).code == RefusalCode::ShuttingDown);
  }
}

TEST_CASE("ServerSession: E3, X10: a server that shuts down refuses the next request",
          "[server_session]") {
  SessionFixture before;
  before.hooks.wait_for_client = [](Deadline) { return WaitResult::ShuttingDown; };
  const auto first = before.answer(request_frame());
  CHECK(first.outcome == Outcome::RefusedBusy);
  CHECK(first.frames.size() == 1);
  CHECK(refusal_in(first.frames).code == RefusalCode::ShuttingDown);

  SessionFixture after;
  after.hooks.wait_for_client = [&](Deadline) {
    return after.done.empty() ? WaitResult::Readable : WaitResult::ShuttingDown;
  };
  const auto [frames, outcome] = after.answer(request_frame() + top_frame());
  CHECK(outcome == Outcome::Completed);
  CHECK(frames.size() == 4);
  CHECK(refusal_in(frames).code == RefusalCode::ShuttingDown);
}
