// A connection to one peer, as bytes: what frames travel over.
//
// Every call is bounded by an absolute deadline, so that a peer that dribbles gains nothing by it.
// A stream is used by one thread at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <stdexcept>

namespace topnet::net {

using Deadline = std::chrono::steady_clock::time_point;

// The peer took longer than it may.
class TimeoutError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The connection broke: reset, or ended without the goodbye that tells an end from a cut.
class ConnectionError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Stream {
 public:
  Stream() = default;
  Stream(Stream&&) = delete;
  virtual ~Stream() = default;

  // Reads at least one byte and at most `buffer.size()`, and returns how many; 0 is the clean end
  // of what the peer sends. Throws TimeoutError and ConnectionError.
  virtual std::size_t read_some(std::span<std::byte> buffer, Deadline deadline) = 0;

  // Whether there are bytes to read that have left the socket already.
  virtual bool has_buffered() const { return false; }

  // Writes all of `bytes`. Throws TimeoutError and ConnectionError.
  virtual void write_all(std::span<const std::byte> bytes, Deadline deadline) = 0;

  // Says that no more will be written; reading goes on. Throws TimeoutError and ConnectionError.
  virtual void finish_writing(Deadline deadline) = 0;
};

}  // namespace topnet::net
