// A byte stream to one peer.
//
// Every call is bounded by an absolute deadline, so that a peer that sends single bytes cannot
// extend it. A stream is used by one thread at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <stdexcept>

namespace topnet::net {

using TimePoint = std::chrono::steady_clock::time_point;
using Deadline = TimePoint;

// The deadline passed.
class TimeoutError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The connection was reset, or ended without the close_notify that tells an end from a truncation.
class ConnectionError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Stream {
 public:
  Stream() = default;
  Stream(Stream&&) = delete;
  virtual ~Stream() = default;

  // Reads at least one byte and at most `buffer.size()`, and returns their number; 0 is the clean
  // end of the peer's data. Throws TimeoutError and ConnectionError.
  virtual std::size_t read_some(std::span<std::byte> buffer, Deadline deadline) = 0;

  // Whether bytes can be read that have already left the socket.
  virtual bool has_buffered() const { return false; }

  // Writes all of `bytes`. Throws TimeoutError and ConnectionError.
  virtual void write_all(std::span<const std::byte> bytes, Deadline deadline) = 0;

  // Tells the peer that no more will be written; reads remain possible. Throws TimeoutError and
  // ConnectionError.
  virtual void finish_writing(Deadline deadline) = 0;
};

}  // namespace topnet::net
