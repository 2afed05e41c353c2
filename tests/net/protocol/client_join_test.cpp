#include "net/protocol/client.h"
#include "support/catch.h"
#include "support/frames.h"
#include "support/pins.h"

using namespace topnet::base;
using namespace topnet::net;
using namespace topnet::test;
using Then = MemoryStream::Then;

namespace {

constexpr Deadline kJoinDeadline = Deadline::max();
const JoinRequest kJoinRequest{.secret = "00112233445566778899aabbccddeeff", .server = pin_of('s')};
const std::string kJoined = frame(FrameType::Joined, R"({"name":"db1"})");

std::string join(MemoryStream& stream) { return Client(stream).join(kJoinRequest, kJoinDeadline); }

std::string join(const std::string& answer) {
  MemoryStream stream(answer);
  return join(stream);
}

}  // namespace

TEST_CASE("Client: joining sends the invite's secret and server and returns the name", "[client]") {
  MemoryStream stream(kJoined + kJoined, 3);
  CHECK(join(stream) == "db1");
  CHECK(stream.left() == kJoined.size());
  const std::vector<Frame> sent = frames_of(stream.output);
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].type == FrameType::Join);
  CHECK(parse_join(sent[0].payload) == kJoinRequest);
}

TEST_CASE("Client: E8: a refused JOIN throws the server's reason", "[client]") {
  MemoryStream stream(frame(FrameType::Error, to_json(Refusal{.code = RefusalCode::JoinRefused,
                                                              .text = "the invite has expired"})));
  try {
    join(stream);
    FAIL("not refused");
  } catch (const RefusedError& error) {
    CHECK(error.code() == RefusalCode::JoinRefused);
    CHECK(std::string(error.what()) == "the invite has expired");
  }
}

TEST_CASE("Client: X8: any other answer to JOIN is an error", "[client]") {
  for (const FrameType type : {FrameType::Request, FrameType::Data, FrameType::End, FrameType::Top,
                               FrameType::Ack, FrameType::Join}) {
    CHECK_THROWS_AS(join(frame(type, R"({"name":"db1"})")), ProtocolError);
  }
  CHECK_THROWS_AS(join(frame(FrameType::Joined, R"({"name":"\u001b[2J"})")), ProtocolError);
  CHECK_THROWS_AS(join(frame(FrameType::Joined, "{}")), ProtocolError);
}

TEST_CASE("Client: F5: an answer to JOIN that is cut at any byte is an error", "[client]") {
  for (std::size_t length = 0; length < kJoined.size(); ++length) {
    CAPTURE(length);
    CHECK_THROWS_AS(join(kJoined.substr(0, length)), ProtocolError);
    MemoryStream breaking(kJoined.substr(0, length), 7, Then::Break);
    CHECK_THROWS_AS(join(breaking), ConnectionError);
    MemoryStream silent(kJoined.substr(0, length), 7, Then::Silence);
    CHECK_THROWS_AS(join(silent), TimeoutError);
  }
}

TEST_CASE("Client: the server's next key is returned with a complete report only", "[client]") {
  // The SHA-256 of nothing, from sha256sum.
  const ReportEnd end{.length = 0,
                      .sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                      .next_pin = pin_of('n')};
  const auto fetch = [](const std::string& answer) {
    MemoryStream stream(answer);
    return Client(stream).fetch_report(
        {}, [](std::string_view) {}, kJoinDeadline);
  };
  CHECK(fetch(frame(FrameType::End, to_json(end))).next_pin == pin_of('n'));
  CHECK_THROWS_AS(fetch(frame(FrameType::Data, "x") + frame(FrameType::End, to_json(end))),
                  ProtocolError);
}
