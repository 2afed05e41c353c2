// The limits of a server. Plain values.
#pragma once

#include <chrono>
#include <cstddef>

#include "net/server/session.h"

namespace topnet::net {

struct ServerOptions {
  bool uses_tls = true;  // without TLS every client is served
  std::chrono::milliseconds handshake_limit{5000};
  SessionLimits limits;
  // How long the kernel keeps a connection whose client has sent nothing; with TLS only.
  std::chrono::seconds silence{3};
  std::size_t handshakes = 128;  // at the same time
  // A handshake that has begun is not interrupted for another one before this.
  std::chrono::milliseconds handshake_grace{250};
  std::size_t unknown_clients = 512;  // after their handshake: they may join, or are being refused
  std::size_t max_clients = 1024;     // enrolled clients; without TLS all clients
};

}  // namespace topnet::net
