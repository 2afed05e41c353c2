// Compares read_frame(), with input that arrives in pieces, with a slow reader that was written
// from topnet-protocol(7) alone. Both must return the same frames and stop at the same byte.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/protocol/frame.h"
#include "support/memory_stream.h"
#include "support/require.h"

namespace {

using topnet::net::Deadline;
using topnet::test::require;

// Returns bytes in pieces whose sizes repeat a given sequence.
class DribblingStream : public topnet::test::MemoryStream {
 public:
  DribblingStream(std::string input, std::vector<std::size_t> pieces)
      : MemoryStream(std::move(input)), pieces_(std::move(pieces)) {}

  std::size_t read_some(std::span<std::byte> buffer, Deadline deadline) override {
    largest_buffer = std::max(largest_buffer, buffer.size());
    const std::size_t piece = pieces_[next_++ % pieces_.size()];
    return MemoryStream::read_some(buffer.first(std::min(buffer.size(), piece)), deadline);
  }

  std::size_t largest_buffer = 0;

 private:
  std::vector<std::size_t> pieces_;
  std::size_t next_ = 0;
};

struct SlowFrame {
  int type = 0;
  std::string payload;
  std::size_t end = 0;  // offset of the next frame
};

// The frame at `at`; nullopt at the end of `bytes` and for an invalid frame.
std::optional<SlowFrame> slow_read(const std::string& bytes, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[at + i]); };
  if (bytes.size() < at + 5) return std::nullopt;
  const int type = byte(0);
  const double length = byte(1) * 16777216.0 + byte(2) * 65536.0 + byte(3) * 256.0 + byte(4);
  if (type < 1 || type > 8 || length > (type == 2 ? 65536 : 4096)) return std::nullopt;
  const auto size = static_cast<std::size_t>(length);
  if (bytes.size() - at - 5 < size) return std::nullopt;
  return SlowFrame{.type = type, .payload = bytes.substr(at + 5, size), .end = at + 5 + size};
}

}  // namespace

// The first two bytes are the sizes of the pieces, in turn; the rest is what the peer sends.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string bytes(data + 2, data + size);
  DribblingStream stream(bytes, {std::size_t{1} + data[0], std::size_t{1} + data[1]});
  std::size_t at = 0;
  for (;;) {
    const auto expected = slow_read(bytes, at);
    stream.largest_buffer = 0;
    std::optional<topnet::net::Frame> frame;
    try {
      frame = read_frame(stream, Deadline::max());
    } catch (const topnet::net::ProtocolError&) {
      require(!expected && at < bytes.size());
      // No memory is allocated for a payload beyond the limits.
      require(stream.largest_buffer <= topnet::net::kMaxDataSize);
      return 0;
    }
    if (!frame) {
      require(at == bytes.size());
      return 0;
    }
    require(expected && static_cast<int>(frame->type) == expected->type &&
            frame->payload == expected->payload);
    require(bytes.size() - stream.left() == expected->end);
    topnet::test::MemoryStream copy("");
    write_frame(copy, frame->type, frame->payload, Deadline::max());
    require(copy.output == bytes.substr(at, expected->end - at));
    at = expected->end;
  }
}
