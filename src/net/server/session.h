// The server's side of one connection, from its first frame to its last: topnet-protocol(7),
// section EXCHANGE.
//
// Uses neither sockets nor threads, so that every path can be tested with a stream in memory.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <variant>

#include "base/files/file_error.h"
#include "net/protocol/frame.h"
#include "net/protocol/message.h"
#include "net/server/connections.h"
#include "net/server/report_archive.h"
#include "net/server/server_delegate.h"
#include "net/stream.h"

namespace topnet::net {

struct SessionLimits {
  std::chrono::milliseconds request{5000};  // from the handshake to the complete first request
  // From a request to the acknowledgement of its TOP, not counting the request's window.
  std::chrono::milliseconds exchange{30000};
  std::chrono::milliseconds idle{60000};  // between exchanges, unless the hold is longer
  // How long run() waits for a request before it returns, so that the connection can continue in a
  // new thread (ServeResult::HandOff). The thread that ends frees the stack of the handshake.
  std::chrono::milliseconds hand_off{250};
};

// The server shuts down before an operation is complete.
class ShuttingDownError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class WaitResult : std::uint8_t { Readable, ShuttingDown, TimedOut };

// A session's connection, without its stream. Called by the thread that runs the session.
class SessionConnection {
 public:
  SessionConnection() = default;
  SessionConnection(const SessionConnection&) = delete;
  SessionConnection& operator=(const SessionConnection&) = delete;
  virtual ~SessionConnection() = default;

  // As ServerDelegate::join(); refused if there is no slot for the client.
  virtual std::variant<Joined, Refusal> join(const JoinRequest& request,
                                             const SessionPeer& peer) = 0;
  // Whether the client's key has been revoked since the connection began.
  virtual bool is_revoked() const = 0;
  // Readable: the client has sent something or ended its side. TimedOut: `end` has passed.
  virtual WaitResult wait_for_client(Deadline end) = 0;
  // Returns when the client has sent something or ended its side. A shutdown does not interrupt it.
  // Throws TimeoutError.
  virtual void wait_for_input(Deadline deadline) = 0;
  // See WaitUntil.
  virtual void wait_until(Deadline end) = 0;
};

class ServerSession {
 public:
  // Starts the time limit for the first request. All references must outlive the session.
  ServerSession(Stream& stream, SessionPeer peer, const SessionLimits& limits,
                ServerDelegate& delegate, SessionConnection& connection, Connections& connections);

  // Serves requests until the client leaves, violates the protocol or misses a deadline, or until
  // the server shuts down. Tells the client the reason if possible. Returns how the session ended,
  // or nullopt if the client has been idle for SessionLimits::hand_off: then any thread may call
  // run() again to continue. Throws nothing.
  std::optional<Outcome> run();

 private:
  bool has_served() const { return exchanges_ + joins_ > 0; }
  void expect_request(std::chrono::milliseconds timeout);
  bool wait_for_request();
  std::optional<Outcome> serve();
  void join(const JoinRequest& request);
  ReportRequest accept_request(const Frame& frame) const;
  void exchange(const ReportRequest& request);
  std::shared_ptr<const ReportFile> make_report(const ReportRequest& request) const;
  void keep(const BusiestProcess& busiest) const;
  [[noreturn]] void fail(const char* action, const base::FileError& error) const;
  void send(const ReportFile& report, Deadline deadline);

  Stream& stream_;
  SessionPeer peer_;
  const SessionLimits& limits_;
  ServerDelegate& delegate_;
  SessionConnection& connection_;
  Connections& connections_;
  std::uint64_t exchanges_ = 0;
  std::uint64_t joins_ = 0;
  Deadline request_due_;
  bool was_handed_off_ = false;  // during the current wait for a request
};

// Sends the last frame of a connection: why the client is not served. Ignores failures.
void refuse(Stream& stream, const Refusal& refusal);

}  // namespace topnet::net
