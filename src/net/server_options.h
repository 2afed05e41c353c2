// What a server is given: its limits, and what it needs of the program around it. Plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "net/lobby.h"
#include "net/session.h"
#include "net/tls.h"

namespace topnet::net {

struct ServerOptions {
  std::chrono::milliseconds handshake_limit{5000};
  SessionLimits limits;
  LobbyOptions lobby;
  std::size_t max_clients = 1024;  // enrolled ones, and without TLS everybody
  // The context for a new connection; empty: plaintext, and then everybody is served.
  std::function<std::shared_ptr<const TlsContext>()> tls;
  // The name that the holder of a key is enrolled under; nullopt for a stranger.
  std::function<std::optional<std::string>(const Pin&)> client_name;
  MakeReport make_report;
  decltype(SessionHooks::keep_top) keep_top;
  std::function<void(const Exchange&)> exchange_done;
  // See SessionHooks.
  decltype(SessionHooks::join) join = SessionHooks().join;
  decltype(SessionHooks::failed) failed = SessionHooks().failed;
  decltype(SessionHooks::next_pin) next_pin = SessionHooks().next_pin;
  decltype(SessionHooks::learned) learned = SessionHooks().learned;
};

}  // namespace topnet::net
