// A server's limits. Plain values.
#pragma once

#include <chrono>
#include <cstddef>

#include "net/lobby.h"
#include "net/session.h"

namespace topnet::net {

struct ServerOptions {
  bool uses_tls = true;  // without it every client is served
  std::chrono::milliseconds handshake_limit{5000};
  SessionLimits limits;
  LobbyOptions lobby;
  std::size_t max_clients = 1024;  // enrolled ones; without TLS all
};

}  // namespace topnet::net
