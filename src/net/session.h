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
#include "net/message.h"
#include "net/report_files.h"
#include "net/stream.h"

namespace topnet::net {

struct SessionLimits {
  std::chrono::milliseconds request{5000};  // from the handshake to the whole first request
  // From a request to its top's acknowledgement, the window of the request not counted.
  std::chrono::milliseconds exchange{30000};
  std::chrono::milliseconds idle{60000};  // between exchanges, unless the hold is longer
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

using WaitUntil = std::function<void(Deadline)>;
using MakeReport =
    std::function<std::shared_ptr<const ReportFile>(const ReportRequest&, const WaitUntil& wait)>;

// What a session needs of the program around it. Called in the session's own thread.
struct SessionHooks {
  // Makes and stores a report; waits for the end of a window with `wait`. Throws what stops it; the
  // client is then told that it failed.
  MakeReport make_report;
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
  // Returns true when the client has sent something, or ended; false when the server shuts down.
  // Throws TimeoutError.
  std::function<bool(Deadline)> wait_for_client;
  // Returns when the client has sent something, or ended, also while the server shuts down. Throws
  // TimeoutError.
  std::function<void(Deadline)> wait_for_input = [](Deadline) {};
  // Returns at that moment. Throws ConnectionError where the client ends before, and
  // ShuttingDownError where the server has to.
  WaitUntil wait_until = [](Deadline) {};
};

// Serves requests until the client ends, breaks a rule or a deadline, or the server drains. Says
// every refusal to the client as far as it can. Returns how it ended; throws nothing.
Outcome run_session(Stream& stream, SessionPeer peer, const SessionLimits& limits,
                    const SessionHooks& hooks, Connections& connections);

// Tells the client why it is not served, as the last frame. Failures are of no interest any more.
void refuse(Stream& stream, const Refusal& refusal);

}  // namespace topnet::net
