#include "net/frame.h"

#include "support/catch.h"
#include "support/memory_stream.h"

using topnet::net::Deadline;
using topnet::net::Frame;
using topnet::net::FrameType;
using topnet::net::kMaxDataSize;
using topnet::net::kMaxMessageSize;
using topnet::net::ProtocolError;
using topnet::net::read_frame;
using topnet::net::write_frame;
using topnet::test::MemoryStream;

namespace {

constexpr Deadline kNever = Deadline::max();

std::string written(FrameType type, const std::string& payload) {
  MemoryStream stream("");
  write_frame(stream, type, payload, kNever);
  return stream.output;
}

std::string header(unsigned char type, std::uint32_t length) {
  return {static_cast<char>(type), static_cast<char>(length >> 24U),
          static_cast<char>(length >> 16U), static_cast<char>(length >> 8U),
          static_cast<char>(length)};
}

}  // namespace

TEST_CASE(
    "F1: a frame is its type, its length in four bytes, most significant first, and its payload") {
  CHECK(written(FrameType::Request, "{}") == std::string("\x01\x00\x00\x00\x02{}", 7));
  CHECK(written(FrameType::Data, std::string(0x102, 'x')).substr(0, 5) ==
        std::string("\x02\x00\x00\x01\x02", 5));
}

TEST_CASE("F5: what is written is read back, however the stream dribbles") {
  const std::string payload(5000, 'x');
  const std::string bytes = written(FrameType::Data, payload) + written(FrameType::Ack, "");
  for (const std::size_t piece : {1U, 2U, 4U, 5U, 6U, 4096U, 1U << 20U}) {
    CAPTURE(piece);
    MemoryStream stream(bytes, piece);
    auto frame = read_frame(stream, kNever);
    REQUIRE(frame);
    CHECK(frame->type == FrameType::Data);
    CHECK(frame->payload == payload);
    frame = read_frame(stream, kNever);
    REQUIRE(frame);
    CHECK(frame->type == FrameType::Ack);
    CHECK(frame->payload.empty());
    CHECK_FALSE(read_frame(stream, kNever));
  }
}

TEST_CASE("F5: an end between frames is an end, an end anywhere else is an error") {
  const std::string bytes = written(FrameType::Top, "{\"id\":1}");
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    CAPTURE(length);
    MemoryStream stream(bytes.substr(0, length), 3);
    if (length == 0) {
      CHECK_FALSE(read_frame(stream, kNever));
    } else {
      CHECK_THROWS_AS(read_frame(stream, kNever), ProtocolError);
    }
  }
}

TEST_CASE("F2, F3: a length above the type's limit is refused before memory is taken for it") {
  for (const auto& [type, limit] :
       std::vector<std::pair<unsigned char, std::size_t>>{{1, kMaxMessageSize},
                                                          {2, kMaxDataSize},
                                                          {3, kMaxMessageSize},
                                                          {4, kMaxMessageSize},
                                                          {5, kMaxMessageSize},
                                                          {6, kMaxMessageSize},
                                                          {7, kMaxMessageSize},
                                                          {8, kMaxMessageSize}}) {
    for (const std::size_t length : {limit + 1, std::size_t{0x7fffffff}, std::size_t{0xffffffff}}) {
      CAPTURE(type, length);
      MemoryStream stream(header(type, static_cast<std::uint32_t>(length)) + "x");
      CHECK_THROWS_AS(read_frame(stream, kNever), ProtocolError);
      CHECK(stream.left() == 1);
      CHECK(stream.largest_read() == 5);
    }
    MemoryStream stream(header(type, static_cast<std::uint32_t>(limit)) + std::string(limit, 'x'));
    CHECK(read_frame(stream, kNever)->payload.size() == limit);
  }
}

TEST_CASE("F4: a type that is not known is an error that names it") {
  for (const int type : {0, 9, 22, 71, 255}) {
    MemoryStream stream(header(static_cast<unsigned char>(type), 0));
    CHECK_THROWS_WITH(read_frame(stream, kNever), "unknown frame type " + std::to_string(type));
  }
}
