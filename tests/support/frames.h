// Converts frames to bytes and back, for tests with a MemoryStream.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/protocol/frame.h"
#include "support/memory_stream.h"

namespace topnet::test {

inline std::string frame(net::FrameType type, std::string_view payload) {
  MemoryStream stream("");
  net::write_frame(stream, type, payload, net::Deadline::max());
  return stream.output;
}

inline std::vector<net::Frame> frames_of(const std::string& bytes) {
  MemoryStream stream(bytes);
  std::vector<net::Frame> frames;
  while (auto next = net::read_frame(stream, net::Deadline::max())) {
    frames.push_back(std::move(*next));
  }
  return frames;
}

// The concatenated payloads of all DATA frames.
inline std::string data_of(const std::vector<net::Frame>& frames) {
  std::string data;
  for (const net::Frame& each : frames) {
    if (each.type == net::FrameType::Data) data += each.payload;
  }
  return data;
}

}  // namespace topnet::test
