// The interface through which a server calls the program that runs it.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "net/clients/client_report.h"
#include "net/protocol/message.h"
#include "net/server/connections.h"
#include "net/server/report_archive.h"
#include "net/stream.h"
#include "net/tls/tls.h"

namespace topnet::net {

struct SessionPeer {
  ConnectionId id = 0;
  std::string peer;                   // "127.0.0.1:41234"
  std::optional<Pin> pin;             // of the client's key, if it presented one
  std::optional<std::string> client;  // the enrolled name; "local" for the server's own key
  bool is_enrolled = false;           // without TLS always true
};

// A complete exchange, for the server's log.
struct Exchange {
  std::string peer;
  std::optional<std::string> client;
  ReportRequest request;
  std::filesystem::path report;
  BusiestProcess busiest;
};

// Blocks until the deadline. Throws ConnectionError if the client closes the connection first, and
// ShuttingDownError if the server has to end first.
using WaitUntil = std::function<void(Deadline)>;

// Each function is called by the client's thread, so implementations must be thread-safe. If a
// function throws, only that client's connection ends, with an internal error.
class ServerDelegate {
 public:
  ServerDelegate() = default;
  ServerDelegate(const ServerDelegate&) = delete;
  ServerDelegate& operator=(const ServerDelegate&) = delete;
  virtual ~ServerDelegate() = default;

  // The context for a new connection. Not called if the server uses no TLS.
  virtual std::shared_ptr<const TlsContext> tls() = 0;
  // The name of the enrolled client with a key; nullopt for an unknown key.
  virtual std::optional<std::string> client_name(const Pin& pin) = 0;
  // Why join() would refuse the client; nullopt if it would not. Changes nothing.
  virtual std::optional<Refusal> find_join_refusal(const JoinRequest& request,
                                                   const SessionPeer& peer) = 0;
  // Enrols the client's key by an invite. Returns the client's name, or why it was refused. Called
  // after find_join_refusal() has found no reason.
  virtual std::variant<Joined, Refusal> join(const JoinRequest& request,
                                             const SessionPeer& peer) = 0;
  // The key that the server will use after a rotation, for enrolled clients to learn.
  virtual std::optional<Pin> next_pin() = 0;
  // A client has learned the server's next key.
  virtual void learned(const SessionPeer& peer, const Pin& next) = 0;
  // Makes and stores a report. Calls `wait` for the end of the report's window.
  virtual std::shared_ptr<const ReportFile> make_report(const ReportRequest& request,
                                                        const WaitUntil& wait) = 0;
  // Stores a client report. It must be on disk when this returns, because the server then
  // acknowledges it. False if its id was already known.
  virtual bool keep_report(const ClientReport& report) = 0;
  // An exchange is complete.
  virtual void exchange_done(const Exchange& exchange) = 0;
  // A client was refused because its key is unknown or it has none. Peers can cause this as often
  // as they like.
  virtual void not_enrolled(const SessionPeer& peer) = 0;
  // A TLS handshake failed. Peers can cause this as often as they like.
  virtual void handshake_failed(const std::string& peer, const std::string& why) = 0;
  // The server could not serve a client.
  virtual void failed(const SessionPeer& peer, const std::string& why) = 0;
};

}  // namespace topnet::net
