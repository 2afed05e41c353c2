// What tls_context.cpp and tls.cpp share: OpenSSL's side of a context, and what the check of a
// peer's certificate found. Included by .cpp files only.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "net/openssl.h"
#include "net/tls.h"

namespace topnet::net {

// What the check of one handshake saw; hangs on its SSL object.
struct Verdict {
  std::optional<Pin> untrusted;        // a client: the server's key, which is not trusted
  std::optional<std::string> ca_name;  // a server: the name that a CA of ours gave to the client
};

Verdict& verdict_of(SSL* ssl);
void set_verdict(SSL* ssl, Verdict& verdict);

struct TlsContext::Impl {
  SslContextPtr context;
  bool is_server = false;
  std::vector<Pin> trusted;         // of a client that trusts keys
  std::optional<std::string> host;  // of a client that trusts a CA: who the server has to be
};

}  // namespace topnet::net
