// What a server needs of the program around it.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "net/connections.h"
#include "net/message.h"
#include "net/received_top.h"
#include "net/report_files.h"
#include "net/stream.h"
#include "net/tls.h"

namespace topnet::net {

struct SessionPeer {
  ConnectionId id = 0;
  std::string peer;                   // "127.0.0.1:41234"
  std::optional<Pin> pin;             // of its key, if it showed one
  std::optional<std::string> client;  // the enrolled name; "local" for the server's own key
  bool is_enrolled = false;           // without TLS every client is
};

// What was done in one exchange, for the server's log.
struct Exchange {
  std::string peer;
  std::optional<std::string> client;
  ReportRequest request;
  std::filesystem::path report;
  Top top;
};

// Blocks until that moment. Throws ConnectionError if the client ends before, and ShuttingDownError
// if the server has to end before.
using WaitUntil = std::function<void(Deadline)>;

// Each function is called in the thread of the client that it is about, so any of them may be
// called by several threads at once. If one throws, that client alone is told that the server
// failed, and its connection ends.
class ServerDelegate {
 public:
  ServerDelegate() = default;
  ServerDelegate(const ServerDelegate&) = delete;
  ServerDelegate& operator=(const ServerDelegate&) = delete;
  virtual ~ServerDelegate() = default;

  // The context for a new connection. Not called if the server uses no TLS.
  virtual std::shared_ptr<const TlsContext> tls() = 0;
  // The name that the holder of a key is enrolled under; nullopt for an unknown key.
  virtual std::optional<std::string> client_name(const Pin& pin) = 0;
  // Enrols the client's key by an invite and returns its name, or the reason for people why not.
  virtual std::variant<Joined, Refusal> join(const JoinRequest& request,
                                             const SessionPeer& peer) = 0;
  // The key that the server will have later, for enrolled clients to learn.
  virtual std::optional<Pin> next_pin() = 0;
  // Records that a client knows that key.
  virtual void learned(const SessionPeer& peer, const Pin& next) = 0;
  // Makes and stores a report; `wait` waits for the end of its window.
  virtual std::shared_ptr<const ReportFile> make_report(const ReportRequest& request,
                                                        const WaitUntil& wait) = 0;
  // Stores what the client reported. It is on disk when this returns, and is then acknowledged.
  // False if its id was known already.
  virtual bool keep_top(const ReceivedTop& top) = 0;
  // An exchange is complete.
  virtual void exchange_done(const Exchange& exchange) = 0;
  // The server failed a client, for this reason.
  virtual void failed(const SessionPeer& peer, const std::string& why) = 0;
};

}  // namespace topnet::net
