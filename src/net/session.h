// The server's side of one connection, from its first frame to its last: topnet-protocol(7),
// section EXCHANGE.
//
// Knows no sockets and no threads, so that every path can be tried with a stream in memory.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "net/connections.h"
#include "net/file_error.h"
#include "net/frame.h"
#include "net/message.h"
#include "net/received_top.h"
#include "net/report_files.h"
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

// What was done in one exchange, for the server's log.
struct Exchange {
  std::string peer;
  std::optional<std::string> client;
  ReportRequest request;
  std::filesystem::path report;
  Top top;
};

struct SessionPeer {
  ConnectionId id = 0;
  std::string peer;
  std::optional<Pin> pin;             // of its key, where it showed one
  std::optional<std::string> client;  // the enrolled name; "local" for our own key
  bool is_enrolled = false;           // without TLS everybody is
};

// The server ends before something that is wanted can be had.
class ShuttingDownError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What a wait for the client has ended with.
enum class Wake : std::uint8_t { Client, ShuttingDown, Nobody };

using WaitUntil = std::function<void(Deadline)>;
using MakeReport =
    std::function<std::shared_ptr<const ReportFile>(const ReportRequest&, const WaitUntil& wait)>;

// What a session needs of the program around it. Called in the thread that calls run().
struct SessionHooks {
  // Makes and stores a report; waits for the end of a window with `wait`. Throws what stops it; the
  // client is then told that it failed.
  MakeReport make_report;
  // Keeps the client's top: once this returns it is safe, and is acknowledged. False where its id
  // was known. Throws what stops it; the client is then told that it failed.
  std::function<bool(const ReceivedTop&)> keep_top;
  // Enrols the client's key by an invite, and returns its name; or says why not, for people.
  std::function<std::variant<Joined, Refusal>(const JoinRequest&, const SessionPeer&)> join =
      [](const JoinRequest&, const SessionPeer&) {
        return Refusal{.code = RefusalCode::JoinRefused, .text = "nobody can join this server"};
      };
  // The key that the server will have later, for enrolled clients to learn.
  std::function<std::optional<Pin>()> next_pin = [] { return std::nullopt; };
  // Notes that a client knows it.
  std::function<void(const SessionPeer&, const Pin& next)> learned = [](const SessionPeer&,
                                                                        const Pin&) {};
  // Whether the client's key has been revoked since it was let in.
  std::function<bool()> is_revoked = [] { return false; };
  // Notes why the server failed the client, for the server's user.
  std::function<void(const SessionPeer&, const std::string& why)> failed =
      [](const SessionPeer&, const std::string&) {};
  // Notes that an exchange is complete.
  std::function<void(const Exchange&)> exchange_done;
  // Returns when the client has sent something, or ended; when the server shuts down; or at that
  // moment, which is Nobody.
  std::function<Wake(Deadline)> wait_for_client;
  // Returns when the client has sent something, or ended, also while the server shuts down. Throws
  // TimeoutError.
  std::function<void(Deadline)> wait_for_input = [](Deadline) {};
  // Returns at that moment. Throws ConnectionError where the client ends before, and
  // ShuttingDownError where the server has to.
  WaitUntil wait_until = [](Deadline) {};
};

class Session {
 public:
  // The client's time for its first request begins. What is referred to outlives the session.
  Session(Stream& stream, SessionPeer peer, const SessionLimits& limits, const SessionHooks& hooks,
          Connections& connections);

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
  const SessionHooks& hooks_;
  Connections& connections_;
  std::uint64_t exchanges_ = 0;
  std::uint64_t joins_ = 0;
  Deadline request_due_;
  bool has_rested_ = false;  // while the request is waited for
};

// Tells the client why it is not served, as the last frame. Failures are of no interest any more.
void refuse(Stream& stream, const Refusal& refusal);

}  // namespace topnet::net
