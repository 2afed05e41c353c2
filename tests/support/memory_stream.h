// A stream without a peer: it reads what the test put in, and keeps what is written.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "net/stream.h"

namespace topnet::test {

class MemoryStream : public net::Stream {
 public:
  // Gives `input` away in pieces of at most `piece` bytes, then ends.
  explicit MemoryStream(std::string input, std::size_t piece = 1U << 20U)
      : input_(std::move(input)), piece_(piece) {}

  std::size_t read_some(std::span<std::byte> buffer, net::Deadline) override {
    const std::size_t count = std::min({buffer.size(), piece_, input_.size() - position_});
    std::memcpy(buffer.data(), input_.data() + position_, count);
    position_ += count;
    largest_read_ = std::max(largest_read_, buffer.size());
    return count;
  }

  void write_all(std::span<const std::byte> bytes, net::Deadline) override {
    output.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }

  void finish_writing(net::Deadline) override {}

  // How much memory the reader had ready at most.
  std::size_t largest_read() const { return largest_read_; }
  std::size_t left() const { return input_.size() - position_; }

  std::string output;

 private:
  std::string input_;
  std::size_t piece_;
  std::size_t position_ = 0;
  std::size_t largest_read_ = 0;
};

}  // namespace topnet::test
