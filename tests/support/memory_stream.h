// A stream without a peer: reads come from a given input, writes go to `output`.
#pragma once

#include <algorithm>
#include <cstring>
#include <set>
#include <string>
#include <utility>

#include "net/stream.h"

namespace topnet::test {

class MemoryStream : public net::Stream {
 public:
  // The result of reading after the input: a clean end, a ConnectionError or a TimeoutError.
  enum class Then { End, Break, Silence };

  // Each read returns at most `piece` bytes of `input`.
  explicit MemoryStream(std::string input, std::size_t piece = 1U << 20U, Then then = Then::End)
      : input_(std::move(input)), piece_(piece), then_(then) {}

  std::size_t read_some(std::span<std::byte> buffer, net::Deadline deadline) override {
    read_deadlines.insert(deadline);
    const std::size_t count = std::min({buffer.size(), piece_, input_.size() - position_});
    if (count == 0 && then_ == Then::Break) throw net::ConnectionError("the connection broke");
    if (count == 0 && then_ == Then::Silence) throw net::TimeoutError("timed out");
    std::memcpy(buffer.data(), input_.data() + position_, count);
    position_ += count;
    largest_read_ = std::max(largest_read_, buffer.size());
    return count;
  }

  void write_all(std::span<const std::byte> bytes, net::Deadline deadline) override {
    write_deadlines.insert(deadline);
    const std::size_t count = std::min(bytes.size(), room - output.size());
    output.append(reinterpret_cast<const char*>(bytes.data()), count);
    if (count < bytes.size()) throw net::TimeoutError("timed out: the peer does not read");
  }

  void finish_writing(net::Deadline) override { is_finished = true; }

  // The size of the largest buffer that a reader passed.
  std::size_t largest_read() const { return largest_read_; }
  // The number of bytes of the input that have not been read.
  std::size_t left() const { return input_.size() - position_; }

  std::string output;
  std::size_t room = 1U << 30U;  // after that many bytes, writes time out
  bool is_finished = false;
  std::set<net::Deadline> read_deadlines;
  std::set<net::Deadline> write_deadlines;

 private:
  std::string input_;
  std::size_t piece_;
  Then then_;
  std::size_t position_ = 0;
  std::size_t largest_read_ = 0;
};

}  // namespace topnet::test
