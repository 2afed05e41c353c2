#include "net/protocol/frame.h"

#include "support/catch.h"
#include "support/frames.h"

using namespace topnet::net;
using topnet::test::frame;
using topnet::test::MemoryStream;

namespace {

constexpr Deadline kFrameDeadline = Deadline::max();

std::string header(unsigned char type, std::uint32_t length) {
  return {static_cast<char>(type), static_cast<char>(length >> 24U),
          static_cast<char>(length >> 16U), static_cast<char>(length >> 8U),
          static_cast<char>(length)};
}

}  // namespace

TEST_CASE("Frame: F1: is a type byte, four length bytes in network order and the payload",
          "[frame]") {
  CHECK(frame(FrameType::Request, "{}") == std::string("\x01\x00\x00\x00\x02{}", 7));
  CHECK(frame(FrameType::Data, std::string(0x102, 'x')).substr(0, 5) ==
        std::string("\x02\x00\x00\x01\x02", 5));
}

TEST_CASE("Frame: F5: survives a round trip in pieces of any size", "[frame]") {
  const std::string payload(5000, 'x');
  const std::string bytes = frame(FrameType::Data, payload) + frame(FrameType::Ack, "");
  for (const std::size_t piece : {1U, 2U, 4U, 5U, 6U, 4096U, 1U << 20U}) {
    CAPTURE(piece);
    MemoryStream stream(bytes, piece);
    auto next = read_frame(stream, kFrameDeadline);
    REQUIRE(next);
    CHECK(next->type == FrameType::Data);
    CHECK(next->payload == payload);
    next = read_frame(stream, kFrameDeadline);
    REQUIRE(next);
    CHECK(next->type == FrameType::Ack);
    CHECK(next->payload.empty());
    CHECK_FALSE(read_frame(stream, kFrameDeadline));
  }
}

TEST_CASE("Frame: F5: an end inside a frame is an error, between frames it is the end", "[frame]") {
  const std::string bytes = frame(FrameType::Top, "{\"id\":1}");
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    CAPTURE(length);
    MemoryStream stream(bytes.substr(0, length), 3);
    if (length == 0) {
      CHECK_FALSE(read_frame(stream, kFrameDeadline));
    } else {
      CHECK_THROWS_AS(read_frame(stream, kFrameDeadline), ProtocolError);
    }
  }
}

TEST_CASE("Frame: F2, F3: a length above the type's limit is an error before any allocation",
          "[frame]") {
  for (unsigned char type = 1; type <= 8; ++type) {
    const std::size_t limit = type == 2 ? kMaxDataSize : kMaxMessageSize;
    for (const std::size_t length : {limit + 1, std::size_t{0x7fffffff}, std::size_t{0xffffffff}}) {
      CAPTURE(type, length);
      MemoryStream stream(header(type, static_cast<std::uint32_t>(length)) + "x");
      CHECK_THROWS_AS(read_frame(stream, kFrameDeadline), ProtocolError);
      CHECK(stream.left() == 1);
      CHECK(stream.largest_read() == 5);
    }
    MemoryStream stream(header(type, static_cast<std::uint32_t>(limit)) + std::string(limit, 'x'));
    CHECK(read_frame(stream, kFrameDeadline)->payload.size() == limit);
  }
}

TEST_CASE("Frame: F4: the error for an unknown type names it", "[frame]") {
  for (const int type : {0, 9, 22, 71, 255}) {
    MemoryStream stream(header(static_cast<unsigned char>(type), 0));
    CHECK_THROWS_WITH(read_frame(stream, kFrameDeadline),
                      "unknown frame type " + std::to_string(type));
  }
}
