// Splits a fuzz target's input into choices and the peer's bytes. The format can be written by
// hand.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/protocol/message.h"
#include "net/tls/sha256.h"
#include "support/frames.h"

namespace topnet::test {

// Converts lines to the bytes that a peer sends. A digit and a payload stand for a frame of that
// type, = for the END that fits the DATA above it, and any other line for its own bytes.
inline std::string bytes_of_lines(std::string_view lines) {
  std::string bytes;
  std::string data;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    if (line == "=") {
      const net::ReportEnd end{.length = data.size(), .sha256 = net::digest_of(data)};
      bytes += frame(net::FrameType::End, to_json(end));
      data.clear();
    } else if (!line.empty() && line[0] >= '1' && line[0] <= '8') {
      bytes += frame(static_cast<net::FrameType>(line[0] - '0'), line.substr(1));
      if (line[0] == '2') data += line.substr(1);
    } else {
      bytes += line;
    }
  }
  return bytes;
}

class FuzzInput {
 public:
  FuzzInput(const std::uint8_t* data, std::size_t size) : bytes_(data, data + size) {}

  // 0 to 15: the low half of the next byte, such as '0' to '?'. 0 after the end.
  unsigned choice() {
    return position_ < bytes_.size() ? static_cast<unsigned char>(bytes_[position_++]) & 15U : 0U;
  }
  bool yes_or_no() { return (choice() & 1U) != 0; }
  MemoryStream::Then then() {
    using Then = MemoryStream::Then;
    const unsigned chosen = choice();
    return chosen == 1 ? Then::Break : chosen == 2 ? Then::Silence : Then::End;
  }

  // The rest of the input: the peer's bytes, as lines unless a choice says raw.
  std::string peer_bytes() {
    const bool is_raw = yes_or_no();
    const std::string rest = bytes_.substr(position_);
    return is_raw ? rest : bytes_of_lines(rest);
  }

 private:
  std::string bytes_;
  std::size_t position_ = 0;
};

// The size of the pieces in which bytes arrive; 0 chooses all at once.
inline std::size_t piece_of(std::size_t choice) { return choice > 0 ? choice : 1U << 20U; }

}  // namespace topnet::test
