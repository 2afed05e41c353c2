// Internals that tls_context.cpp and tls.cpp share. Included by .cpp files only.
#pragma once

#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "net/tls/openssl.h"
#include "net/tls/tls.h"

namespace topnet::net {

// The result of checking the peer's certificate; attached to the connection's SSL object.
struct PeerCheck {
  std::optional<Pin> untrusted;        // on a client: the server's key, if it is not trusted
  std::optional<std::string> ca_name;  // on a server: the name that our CA gave to the client
  std::exception_ptr failure;          // of the check itself
};

PeerCheck& peer_check_of(SSL* ssl);
void set_peer_check(SSL* ssl, PeerCheck& check);

struct TlsContext::Impl {
  SslContextPtr context;
  bool is_server = false;
  const char* http_hint = "";       // of a server: for a client that speaks HTTP without TLS
  std::vector<Pin> trusted;         // of a client that pins keys
  std::optional<std::string> host;  // of a client that trusts a CA: the name that it requires
};

}  // namespace topnet::net
