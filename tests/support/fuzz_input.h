// A fuzz target's input, read as choices and as what a peer sends, so that it can be written by
// hand.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/message.h"
#include "net/sha256.h"
#include "support/frames.h"

namespace topnet::test {

// What a peer sends that is written line by line: a frame is the digit of its type and its payload,
// = is the END that fits the DATA above it, and any other line stands for its own bytes.
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

  // 0 to 15, as '0' to '?' are: the low half of a byte. 0 behind the end.
  unsigned choice() {
    return position_ < bytes_.size() ? static_cast<unsigned char>(bytes_[position_++]) & 15U : 0U;
  }
  bool yes_or_no() { return (choice() & 1U) != 0; }
  MemoryStream::Then then() {
    using Then = MemoryStream::Then;
    const unsigned chosen = choice();
    return chosen == 1 ? Then::Break : chosen == 2 ? Then::Silence : Then::End;
  }

  // What no choice has taken: what the peer sends, line by line if that is chosen, else as it is.
  std::string peer_bytes() {
    const bool is_raw = yes_or_no();
    const std::string rest = bytes_.substr(position_);
    return is_raw ? rest : bytes_of_lines(rest);
  }

 private:
  std::string bytes_;
  std::size_t position_ = 0;
};

// The bytes in pieces of a chosen size; 0: all at once.
inline std::size_t piece_of(std::size_t choice) { return choice > 0 ? choice : 1U << 20U; }

}  // namespace topnet::test
