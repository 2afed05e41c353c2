// The server's side of one connection, from its first frame to its last: topnet-protocol(7),
// section EXCHANGE.
//
// Knows no sockets and no threads, so that every path can be tried with a stream in memory.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <variant>

#include "net/connections.h"
#include "net/file_error.h"
#include "net/frame.h"
#include "net/message.h"
#include "net/report_files.h"
#include "net/server_delegate.h"
#include "net/stream.h"

namespace topnet::net {

struct SessionLimits {
  std::chrono::milliseconds request{5000};  // from the handshake to the whole first request
  // From a request to its top's acknowledgement, the window of the request not counted.
  std::chrono::milliseconds exchange{30000};
  std::chrono::milliseconds idle{60000};  // between exchanges, unless the hold is longer
  // When run() returns for a client that is waited for, since it will probably be for long.
  std::chrono::milliseconds rest{250};
};

// The server ends before something that is wanted can be had.
class ShuttingDownError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What a wait for the client has ended with.
enum class Wake : std::uint8_t { Client, ShuttingDown, Nobody };

// The connection that a session runs on, beside its stream. Called in the thread that calls
// Session::run().
class SessionConnection {
 public:
  SessionConnection() = default;
  SessionConnection(const SessionConnection&) = delete;
  SessionConnection& operator=(const SessionConnection&) = delete;
  virtual ~SessionConnection() = default;

  // As ServerDelegate::join(), if there is a place for the client.
  virtual std::variant<Joined, Refusal> join(const JoinRequest& request,
                                             const SessionPeer& peer) = 0;
  // Whether the client's key has been revoked since the connection began.
  virtual bool is_revoked() const = 0;
  // Returns when the client has sent something or ended, when the server shuts down, or at that
  // moment (Nobody).
  virtual Wake wait_for_client(Deadline end) = 0;
  // Returns when the client has sent something or ended, also while the server shuts down. Throws
  // TimeoutError.
  virtual void wait_for_input(Deadline deadline) = 0;
  // See WaitUntil.
  virtual void wait_until(Deadline end) = 0;
};

class Session {
 public:
  // The client's time for its first request begins. What is referred to outlives the session.
  Session(Stream& stream, SessionPeer peer, const SessionLimits& limits, ServerDelegate& delegate,
          SessionConnection& connection, Connections& connections);

  // Serves requests until the client ends, breaks a rule or a deadline, or the server drains. Says
  // every refusal to the client as far as it can. Returns how it ended, or nullopt where the client
  // has been waited for for a while: to be called again then, by any thread, and it goes on as if
  // nothing had been. Throws nothing.
  std::optional<Outcome> run();

 private:
  bool has_done_something() const { return exchanges_ + joins_ > 0; }
  void expect_request(std::chrono::milliseconds patience);
  bool wait_for_request();
  std::optional<Outcome> serve();
  void join(const JoinRequest& request);
  ReportRequest accept_request(const Frame& frame) const;
  void exchange(const ReportRequest& request);
  std::shared_ptr<const ReportFile> make_report(const ReportRequest& request) const;
  void keep(const Top& top) const;
  [[noreturn]] void fail(const char* what, const FileError& error) const;
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
  bool has_rested_ = false;  // while the request is waited for
};

// Tells the client why it is not served, as the last frame. Failures are of no interest any more.
void refuse(Stream& stream, const Refusal& refusal);

}  // namespace topnet::net
