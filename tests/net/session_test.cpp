#include "net/session.h"

#include "net/file_error.h"
#include "support/catch.h"
#include "support/session_trial.h"

using namespace topnet::net;
using topnet::test::data_of;
using topnet::test::frame;
using topnet::test::frames_of;
using topnet::test::MemoryStream;
using topnet::test::request_frame;
using topnet::test::SessionTrial;
using topnet::test::top_frame;

namespace {

const std::string kId = "00112233445566778899aabbccddeeff";
const std::string kOtherId = "ffeeddccbbaa99887766554433221100";

std::vector<FrameType> types_of(const std::vector<Frame>& frames) {
  std::vector<FrameType> types;
  for (const Frame& each : frames) types.push_back(each.type);
  return types;
}

// The refusal that the last frame is.
Refusal refusal_in(const std::vector<Frame>& frames) {
  REQUIRE_FALSE(frames.empty());
  REQUIRE(frames.back().type == FrameType::Error);
  return parse_refusal(frames.back().payload);
}

}  // namespace

TEST_CASE("X1, X2, X4, X5: a report answers the request, an acknowledgement the top") {
  SessionTrial trial;
  const auto [frames, outcome] = trial.answer(request_frame({.count = 3}) + top_frame(kId));
  CHECK(outcome == Outcome::Completed);
  REQUIRE(types_of(frames) == std::vector{FrameType::Data, FrameType::End, FrameType::Ack});
  CHECK(frames[0].payload == "the report");
  // From sha256sum.
  CHECK(parse_end(frames[1].payload) ==
        ReportEnd{.length = 10,
                  .sha256 = "14e4cce86788499d03144f70ab24ca83d1abe97d55153c71ee1df55c5296c1f9"});
  CHECK(parse_ack(frames[2].payload) == Ack{.id = kId});
  REQUIRE(trial.done.size() == 1);
  CHECK(trial.done[0].client == "db1");
  CHECK(trial.done[0].request.count == 3);
  CHECK(trial.done[0].top.name == "postgres");
  CHECK(topnet::test::read_file(trial.done[0].report) == "the report");
  const auto snapshot = trial.connections.snapshot();
  CHECK(snapshot.reports_sent == 1);
  CHECK(snapshot.tops_received == 1);
  REQUIRE(trial.tops.all().size() == 1);
  CHECK(trial.tops.all()[0].client == "db1");
  CHECK(trial.tops.all()[0].peer == "192.0.2.1:4000");
  CHECK(trial.tops.all()[0].top.pid == 4121);
  CHECK(snapshot.connections.at(0).requests == 1);
}

TEST_CASE("X2: a report of any length is sent, and one of none has no data frame") {
  SessionTrial trial;
  trial.report.clear();
  const auto nothing = trial.answer(request_frame() + top_frame());
  CHECK(types_of(nothing.frames) == std::vector{FrameType::End, FrameType::Ack});

  trial.report = std::string(200000, 'a') + std::string(100000, 'b');
  const auto [frames, outcome] = trial.answer(request_frame() + top_frame());
  CHECK(outcome == Outcome::Completed);
  CHECK(data_of(frames) == trial.report);
  CHECK(parse_end(frames.at(frames.size() - 2).payload).length == 300000);
}

TEST_CASE("X5: a top that comes again is acknowledged, and stored once") {
  SessionTrial trial;
  const std::string twice = request_frame() + top_frame(kId) + request_frame() + top_frame(kId);
  const auto [frames, outcome] = trial.answer(twice);
  CHECK(outcome == Outcome::Completed);
  CHECK(parse_ack(frames.back().payload) == Ack{.id = kId});
  trial.peer.id = trial.connections.open("192.0.2.1:4001");
  CHECK(trial.answer(request_frame() + top_frame(kId)).outcome == Outcome::Completed);
  CHECK(trial.connections.snapshot().tops_received == 1);
  CHECK(trial.answer(request_frame() + top_frame(kOtherId)).outcome == Outcome::Completed);
  CHECK(trial.connections.snapshot().tops_received == 2);
  CHECK(trial.tops.all().size() == 2);
}

TEST_CASE("X6: several exchanges go over one connection, and it ends behind any of them") {
  for (const std::size_t exchanges : {1U, 2U, 5U}) {
    SessionTrial trial;
    std::string input;
    for (std::size_t i = 0; i < exchanges; ++i) input += request_frame() + top_frame();
    const auto [frames, outcome] = trial.answer(input);
    CHECK(outcome == Outcome::Completed);
    CHECK(frames.size() == 3 * exchanges);
    CHECK(trial.done.size() == exchanges);
  }
}

TEST_CASE("an end before the first exchange is complete is a client that is gone") {
  for (const std::string& input : {std::string(), request_frame()}) {
    SessionTrial trial;
    const auto [frames, outcome] = trial.answer(input);
    CHECK(outcome == Outcome::PeerGone);
    CHECK(trial.done.empty());
    for (const Frame& each : frames) CHECK(each.type != FrameType::Error);
  }
}

TEST_CASE("X8, F6, E5: a frame that is not due is answered by a refusal, and nothing follows") {
  const std::string finished = request_frame() + top_frame();
  for (const auto& [before, due] : std::vector<std::pair<std::string, std::string>>{
           {"", request_frame()}, {request_frame(), top_frame()}, {finished, request_frame()}}) {
    for (char type = 1; type <= 6; ++type) {
      if (type == due[0]) continue;
      CAPTURE(before.size(), int{type});
      // But for its type it would be what is due.
      std::string other = due;
      other[0] = type;
      SessionTrial trial;
      MemoryStream stream(before + other + due);
      CHECK(trial.run(stream) == Outcome::ProtocolError);
      CHECK(refusal_in(frames_of(stream.output)).code == RefusalCode::Protocol);
      CHECK(stream.left() == due.size());
    }
  }
}

TEST_CASE("F3, F4, F6, M3: what is no frame or no message is answered by a refusal") {
  for (const auto& [input, words] : std::vector<std::pair<std::string, std::string>>{
           {"GET / HTTP/1.1\r\n\r\n", "unknown frame type 71"},
           {std::string("\x09\0\0\0\0", 5), "unknown frame type 9"},
           {std::string("\x01\0\0\x10\x01", 5), "announces 4097 bytes"},
           {frame(FrameType::Request, "[]"), "not a JSON object"},
           {frame(FrameType::Request, "{}"), "missing or out of range"},
           {request_frame() + frame(FrameType::Top, "{\"id\":\"x\"}"),
            "missing or out of range"}}) {
    CAPTURE(words);
    SessionTrial trial;
    const auto [frames, outcome] = trial.answer(input);
    CHECK(outcome == Outcome::ProtocolError);
    CHECK(refusal_in(frames).code == RefusalCode::Protocol);
    CHECK_THAT(refusal_in(frames).text, Catch::Contains(words));
    CHECK(trial.done.empty());
  }
}

TEST_CASE("F5: a client that is cut off inside a frame has broken the protocol or is gone") {
  const std::string whole = request_frame() + top_frame();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    const bool is_between = length == 0 || length == request_frame().size();
    SessionTrial ended;
    MemoryStream stream(whole.substr(0, length));
    CHECK(ended.run(stream) == (is_between ? Outcome::PeerGone : Outcome::ProtocolError));
    CHECK(ended.done.empty());

    SessionTrial broken;
    MemoryStream breaking(whole.substr(0, length), 7, MemoryStream::Then::Break);
    CHECK(broken.run(breaking) == Outcome::PeerGone);
    CHECK(broken.tops.all().empty());
  }
}

TEST_CASE("F5, D5: a client that sends byte by byte is served under one deadline a frame") {
  SessionTrial trial;
  MemoryStream stream(request_frame() + top_frame(), 1);
  CHECK(trial.run(stream) == Outcome::Completed);
  CHECK(frames_of(stream.output).size() == 3);
  // The first request's, the exchange's, that of the request that never came.
  CHECK(stream.read_deadlines.size() == 3);
  CHECK(stream.write_deadlines.size() == 1);
}

TEST_CASE("E1, C6: a stranger is told so in answer to its first frame, and not before") {
  SessionTrial silent;
  silent.peer.is_enrolled = false;
  const auto nothing = silent.answer("");
  CHECK(nothing.outcome == Outcome::PeerGone);
  CHECK(nothing.frames.empty());

  for (const std::string& first :
       {request_frame(), top_frame(), frame(FrameType::Request, "no JSON")}) {
    SessionTrial trial;
    trial.peer.is_enrolled = false;
    trial.hooks.make_report = [](const ReportRequest&,
                                 const WaitUntil&) -> std::shared_ptr<const ReportFile> {
      throw std::logic_error("a stranger is not served");
    };
    const auto [frames, outcome] = trial.answer(first + top_frame());
    CHECK(outcome == Outcome::RefusedAuth);
    CHECK(frames.size() == 1);
    CHECK(refusal_in(frames).code == RefusalCode::NotEnrolled);
  }
}

TEST_CASE("E6: a report that cannot be stored is a failure that keeps the server's paths") {
  SessionTrial trial;
  trial.hooks.make_report = [](const ReportRequest&,
                               const WaitUntil&) -> std::shared_ptr<const ReportFile> {
    throw FileError("write", "/var/lib/topnet/reports/report-1.text", ENOSPC);
  };
  const auto [frames, outcome] = trial.answer(request_frame() + top_frame());
  CHECK(outcome == Outcome::InternalError);
  REQUIRE(frames.size() == 1);
  CHECK(refusal_in(frames).code == RefusalCode::Internal);
  CHECK(refusal_in(frames).text ==
        "the server could not write the report: No space left on device");
}

TEST_CASE("E6: a report that cannot be made or read is a failure without its reason") {
  SessionTrial scan;
  scan.hooks.make_report = [](const ReportRequest&,
                              const WaitUntil&) -> std::shared_ptr<const ReportFile> {
    throw std::runtime_error("could not read /proc");
  };
  SessionTrial file;
  file.hooks.make_report = [](const ReportRequest&, const WaitUntil&) {
    return std::make_shared<const ReportFile>(ReportFile{.path = "/x", .file = {}});
  };
  for (SessionTrial* const trial : {&scan, &file}) {
    const auto [frames, outcome] = trial->answer(request_frame() + top_frame());
    CHECK(outcome == Outcome::InternalError);
    CHECK(refusal_in(frames) ==
          Refusal{.code = RefusalCode::Internal, .text = "the server failed"});
  }
}

TEST_CASE("E3, X10: a server that shuts down says so where a request is due") {
  SessionTrial before;
  before.hooks.wait_for_client = [](Deadline) { return Wake::ShuttingDown; };
  const auto first = before.answer(request_frame());
  CHECK(first.outcome == Outcome::RefusedBusy);
  CHECK(first.frames.size() == 1);
  CHECK(refusal_in(first.frames).code == RefusalCode::ShuttingDown);

  SessionTrial behind;
  behind.hooks.wait_for_client = [&](Deadline) {
    return behind.done.empty() ? Wake::Client : Wake::ShuttingDown;
  };
  const auto [frames, outcome] = behind.answer(request_frame() + top_frame());
  CHECK(outcome == Outcome::Completed);
  CHECK(frames.size() == 4);
  CHECK(refusal_in(frames).code == RefusalCode::ShuttingDown);
}
