// The limits of a server. Plain values.
#pragma once

#include <chrono>
#include <cstddef>

#include "net/server/pending_connections.h"
#include "net/server/session.h"

namespace topnet::net {

struct ServerOptions {
  bool uses_tls = true;  // without TLS every client is served
  std::chrono::milliseconds handshake_limit{5000};
  SessionLimits limits;
  PendingConnectionsOptions pending;
  std::size_t max_clients = 1024;  // enrolled clients; without TLS all clients
};

}  // namespace topnet::net
