#include "net/protocol/client.h"

#include <algorithm>

#include "net/tls/sha256.h"
#include "support/catch.h"
#include "support/frames.h"

using namespace topnet::base;
using namespace topnet::net;
using namespace topnet::test;
using Then = MemoryStream::Then;

namespace {

constexpr Deadline kNever = Deadline::max();
const std::string kReportId = "00112233445566778899aabbccddeeff";
const BusiestProcess kBusiest{.id = kReportId, .host = "db1", .pid = 4121, .name = "postgres"};
// "the report", and its SHA-256 from sha256sum.
const std::string kSha256 = "14e4cce86788499d03144f70ab24ca83d1abe97d55153c71ee1df55c5296c1f9";

std::string data(const std::string& bytes) { return frame(FrameType::Data, bytes); }

std::string end(std::uint64_t length = 10, const std::string& sha256 = kSha256) {
  return frame(FrameType::End, to_json(ReportEnd{.length = length, .sha256 = sha256}));
}

std::string ack(const std::string& id = kReportId) {
  return frame(FrameType::Ack, to_json(Ack{.id = id}));
}

std::string refusal(const std::string& code) {
  return frame(FrameType::Error, R"({"code":")" + code + R"(","message":"why not"})");
}

std::string fetch(MemoryStream& stream) {
  std::string report;
  Client(stream).fetch_report(
      {.count = 3}, [&](std::string_view bytes) { report += bytes; }, kNever);
  return report;
}

std::string fetch(const std::string& answer) {
  MemoryStream stream(answer);
  return fetch(stream);
}

// The code that an action is refused with; nullopt if it is not refused.
template <typename Action>
std::optional<RefusalCode> refused(Action action) {
  try {
    action();
  } catch (const RefusedError& error) {
    CHECK(std::string(error.what()) == "why not");
    return error.code();
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("Client: X1, X2, X3: joins the payloads of DATA into a report that END verifies",
          "[client]") {
  for (const std::size_t piece : {1U, 7U, 1U << 20U}) {
    MemoryStream stream(data("the ") + data("") + data("report") + end() + ack(), piece);
    CHECK(fetch(stream) == "the report");
    CHECK(stream.left() == ack().size());
    const std::vector<Frame> sent = frames_of(stream.output);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].type == FrameType::Request);
    CHECK(parse_request(sent[0].payload) == ReportRequest{.count = 3});
  }
  // The SHA-256 of nothing, from sha256sum.
  CHECK(fetch(end(0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")).empty());
}

TEST_CASE("Client: X3: a report that does not match its END is an error", "[client]") {
  std::string other = kSha256;
  other.front() = '2';
  for (const std::string& answer :
       {data("the report") + end(11), data("the report") + end(9),
        data("the report") + end(10, other), data("the repost") + end(), data("the ") + end(),
        data("the ") + end() + data("report"), data("report") + data("the ") + end(), end(),
        data("the report") + data("!") + end()}) {
    CHECK_THROWS_AS(fetch(answer), ProtocolError);
  }
}

TEST_CASE("Client: X3, F5: a report that is cut at any byte is an error", "[client]") {
  const std::string complete = data("the ") + data("report") + end();
  for (std::size_t length = 0; length < complete.size(); ++length) {
    CAPTURE(length);
    CHECK_THROWS_AS(fetch(complete.substr(0, length)), ProtocolError);
    MemoryStream breaking(complete.substr(0, length), 7, Then::Break);
    CHECK_THROWS_AS(fetch(breaking), ConnectionError);
    MemoryStream silent(complete.substr(0, length), 7, Then::Silence);
    CHECK_THROWS_AS(fetch(silent), TimeoutError);
  }
}

TEST_CASE("Client: X3: a report that is damaged in any byte is an error", "[client]") {
  const std::string complete = data("the report") + end();
  for (std::size_t at = 0; at < complete.size(); ++at) {
    CAPTURE(at);
    std::string damaged = complete;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    std::string report;
    try {
      report = fetch(damaged);
    } catch (const ProtocolError&) {
      continue;
    }
    FAIL("accepted: " << report);
  }
}

TEST_CASE("Client: X11: a report above its limit is an error before its END", "[client]") {
  const std::size_t limit = 1048576 + 3 * 4096;  // the client asks for three processes
  const auto sent = [](std::size_t size) {
    std::string frames;
    for (std::size_t at = 0; at < size; at += kMaxDataSize) {
      frames += data(std::string(std::min(kMaxDataSize, size - at), 'x'));
    }
    return frames;
  };
  const std::string end_of_most = end(limit, digest_of(std::string(limit, 'x')));
  CHECK(fetch(sent(limit) + end_of_most).size() == limit);
  MemoryStream endless(sent(limit + 1) + sent(limit));
  CHECK_THROWS_WITH(fetch(endless), Catch::Contains("more than 1060864 bytes"));
  CHECK(endless.left() == sent(limit).size());
}

TEST_CASE("Client: X8: an unexpected frame is an error during a report, after it and in a hold",
          "[client]") {
  for (const FrameType type : {FrameType::Request, FrameType::Top, FrameType::Ack}) {
    // Valid except for its type.
    CHECK_THROWS_AS(fetch(frame(type, "the report") + end()), ProtocolError);
    CHECK_THROWS_AS(fetch(data("the ") + frame(type, "report") + end()), ProtocolError);
  }
  for (const FrameType type :
       {FrameType::Request, FrameType::Data, FrameType::End, FrameType::Top}) {
    MemoryStream stream(frame(type, to_json(Ack{.id = kReportId})) + ack());
    CHECK_THROWS_AS(Client(stream).send_busiest(kBusiest, kNever), ProtocolError);
  }
  for (const std::string& other : {data("more"), end(), ack(), std::string()}) {
    MemoryStream stream(other);
    CHECK_THROWS_AS(Client(stream).hold(kNever), ProtocolError);
  }
}

TEST_CASE("Client: X4, X5: the TOP is acknowledged by its own id only", "[client]") {
  MemoryStream stream(ack());
  Client(stream).send_busiest(kBusiest, kNever);
  const std::vector<Frame> sent = frames_of(stream.output);
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].type == FrameType::Top);
  CHECK(parse_busiest(sent[0].payload) == kBusiest);

  MemoryStream other(ack("ffeeddccbbaa99887766554433221100"));
  CHECK_THROWS_AS(Client(other).send_busiest(kBusiest, kNever), ProtocolError);
  for (std::size_t length = 0; length < ack().size(); ++length) {
    CAPTURE(length);
    MemoryStream cut(ack().substr(0, length));
    CHECK_THROWS_AS(Client(cut).send_busiest(kBusiest, kNever), ProtocolError);
  }
}

TEST_CASE("Client: X10: throws the code and the text of an ERROR instead of any answer",
          "[client]") {
  const std::string no = refusal("busy");
  CHECK(refused([&] { fetch(no); }) == RefusalCode::Busy);
  CHECK(refused([&] { fetch(data("the ") + no + end()); }) == RefusalCode::Busy);
  CHECK(refused([&] {
          MemoryStream stream(no);
          Client(stream).send_busiest(kBusiest, kNever);
        }) == RefusalCode::Busy);
  CHECK(refused([&] {
          MemoryStream stream(no);
          Client(stream).hold(kNever);
        }) == RefusalCode::Busy);
}

TEST_CASE("Client: E1, E2, E3, E4, E5, E6, E7: knows every code and treats others as internal",
          "[client]") {
  for (const auto& [name, code] : std::vector<std::pair<std::string, RefusalCode>>{
           {"not_enrolled", RefusalCode::NotEnrolled},
           {"busy", RefusalCode::Busy},
           {"shutting_down", RefusalCode::ShuttingDown},
           {"timeout", RefusalCode::Timeout},
           {"protocol", RefusalCode::Protocol},
           {"internal", RefusalCode::Internal},
           {"Busy", RefusalCode::Internal},
           {"", RefusalCode::Internal}}) {
    CAPTURE(name);
    CHECK(refused([&, text = refusal(name)] { fetch(text); }) == code);
  }
}

TEST_CASE("Client: a hold returns at its deadline", "[client]") {
  MemoryStream stream("", 1, Then::Silence);
  CHECK_NOTHROW(Client(stream).hold(kNever));
  CHECK(stream.output.empty());
}

TEST_CASE("Client: X7: finishing ends the client's side and waits for the server's end",
          "[client]") {
  MemoryStream stream("what was on its way", 3);
  Client(stream).finish(kNever);
  CHECK(stream.is_finished);
  CHECK(stream.left() == 0);
}

TEST_CASE("Client: X6: one connection carries several requests", "[client]") {
  MemoryStream stream(data("the report") + end() + ack() + data("the report") + end() + ack());
  for (int i = 0; i < 2; ++i) {
    CHECK(fetch(stream) == "the report");
    Client(stream).send_busiest(kBusiest, kNever);
  }
  CHECK(frames_of(stream.output).size() == 4);
}
