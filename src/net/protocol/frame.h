// Reads and writes single frames: topnet-protocol(7), section FRAMES.
//
// A frame is a type (one byte), the length of its payload (four bytes, most significant first) and
// the payload. message.h parses payloads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "net/stream.h"

namespace topnet::net {

enum class FrameType : std::uint8_t {
  Request = 1,  // client: asks for a report
  Data = 2,     // server: a part of the report's bytes
  End = 3,      // server: the report is complete
  Top = 4,      // client: its own busiest process
  Ack = 5,      // server: the busiest process is stored
  Error = 6,    // server: why it ends the connection; the last frame
  Join = 7,     // client: asks to be enrolled by an invite
  Joined = 8,   // server: the client is enrolled
};

inline constexpr std::size_t kFrameHeaderSize = 5;
inline constexpr std::size_t kMaxDataSize = 65536;    // payload of a Data frame, in bytes
inline constexpr std::size_t kMaxMessageSize = 4096;  // payload of every other frame

// The peer violated the protocol.
class ProtocolError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Frame {
  FrameType type;
  std::string payload;
};

// The peer ended the connection before the exchange was complete.
class EndedEarlyError : public ProtocolError {
 public:
  using ProtocolError::ProtocolError;
};

// Reads one complete frame; nullopt if the peer has ended its side before the first byte. Throws
// ProtocolError for an unknown type, for a length above the type's limit (before allocating the
// payload) and for an end inside the frame; and what the stream throws.
std::optional<Frame> read_frame(Stream& stream, Deadline deadline);

// `payload` must not exceed its type's limit. Throws what the stream throws.
void write_frame(Stream& stream, FrameType type, std::string_view payload, Deadline deadline);

}  // namespace topnet::net
