#include "net/protocol/frame.h"

#include <fmt/format.h>

#include <array>
#include <span>

namespace topnet::net {
namespace {

// The largest payload of a type; nullopt for an unknown type.
std::optional<std::size_t> limit_of(std::uint8_t type) {
  switch (static_cast<FrameType>(type)) {
    case FrameType::Data:
      return kMaxDataSize;
    case FrameType::Request:
    case FrameType::End:
    case FrameType::Top:
    case FrameType::Ack:
    case FrameType::Error:
    case FrameType::Join:
    case FrameType::Joined:
      return kMaxMessageSize;
  }
  return std::nullopt;
}

// Fills `buffer` unless the stream ends first. Returns the number of bytes read.
std::size_t read_full(Stream& stream, std::span<std::byte> buffer, Deadline deadline) {
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const std::size_t count = stream.read_some(buffer.subspan(filled), deadline);
    if (count == 0) break;
    filled += count;
  }
  return filled;
}

}  // namespace

std::optional<Frame> read_frame(Stream& stream, Deadline deadline) {
  std::array<std::byte, kFrameHeaderSize> header{};
  const std::size_t filled = read_full(stream, header, deadline);
  if (filled == 0) return std::nullopt;
  if (filled < header.size()) throw EndedEarlyError("the connection ended inside a frame's header");

  const auto type = std::to_integer<std::uint8_t>(header[0]);
  std::uint32_t length = 0;
  for (std::size_t i = 1; i < header.size(); ++i) {
    length = (length << 8U) | std::to_integer<std::uint32_t>(header.at(i));
  }
  const auto limit = limit_of(type);
  if (!limit) throw ProtocolError(fmt::format("unknown frame type {}", type));
  if (length > *limit) {
    throw ProtocolError(
        fmt::format("a frame of type {} announces {} bytes, more than {}", type, length, *limit));
  }
  Frame frame{.type = static_cast<FrameType>(type), .payload = std::string(length, '\0')};
  const auto payload = std::as_writable_bytes(std::span(frame.payload));
  if (read_full(stream, payload, deadline) < length) {
    throw EndedEarlyError("the connection ended inside a frame");
  }
  return frame;
}

void write_frame(Stream& stream, FrameType type, std::string_view payload, Deadline deadline) {
  // A single write, so that header and payload share one TLS record if they fit.
  std::string bytes;
  bytes.reserve(kFrameHeaderSize + payload.size());
  bytes += static_cast<char>(type);
  const auto length = static_cast<std::uint32_t>(payload.size());
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    bytes += static_cast<char>(static_cast<unsigned char>(length >> shift));
  }
  bytes += payload;
  stream.write_all(std::as_bytes(std::span(bytes)), deadline);
}

}  // namespace topnet::net
