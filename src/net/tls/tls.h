// TLS 1.3 with pinned keys or with certificates of a CA. Only this folder includes OpenSSL.
//
// OpenSSL writes to its socket without MSG_NOSIGNAL, so the process has to ignore SIGPIPE.
// A context is immutable and may be shared by threads; a stream is used by one thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "net/stream.h"
#include "net/tls/identity.h"
#include "net/tls/pin.h"

namespace topnet::net {

inline constexpr const char* kAlpn = "topnet/1";

// The handshake failed, for example because the peer does not speak TLS or rejected our
// certificate.
class HandshakeError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The server's key is not trusted.
class UntrustedKeyError : public std::runtime_error {
 public:
  explicit UntrustedKeyError(Pin seen);

  // The pin of the server's key.
  const Pin& seen() const { return seen_; }

 private:
  Pin seen_;
};

// The server's certificate is not signed by the CA, names another host or is out of date; see
// what().
class UntrustedCertificateError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The key and settings that all connections of one role share, as specified in topnet-protocol(7).
class TlsContext {
 public:
  // A server asks for a client certificate and accepts any, or none. Its caller checks the key
  // after the handshake, when it can send the client the reason for a refusal. With `ca_pem`, it
  // also verifies whether that CA signed the certificate, see peer_ca_name().
  static TlsContext server(const Identity& identity, const std::string& ca_pem = "");

  // An HTTPS server asks for no certificate and ignores ALPN; clients then use HTTP/1.1.
  static TlsContext web_server(const Identity& identity);

  // A client accepts only a server whose key is one of `trusted`. The check is part of the
  // handshake, so that nothing is sent to another server.
  static TlsContext client(const Identity& identity, std::vector<Pin> trusted);

  // A client accepts the server if its certificate is valid: chain, dates and `host`, which is a
  // name or a numeric address.
  static TlsContext client_of_ca(const Identity& identity, const std::string& ca_pem,
                                 const std::string& host);

  TlsContext(TlsContext&&) noexcept;
  ~TlsContext();

 private:
  friend class TlsStream;
  struct Impl;
  explicit TlsContext(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

class TlsStream : public Stream {
 public:
  // Performs the handshake on `socket` (connected, non-blocking, not owned). `context` outlives the
  // stream. Throws HandshakeError, UntrustedKeyError, UntrustedCertificateError, TimeoutError.
  TlsStream(const TlsContext& context, int socket, Deadline deadline);
  ~TlsStream() override;

  // The pin of the peer's key; nullopt if it sent no certificate.
  const std::optional<Pin>& peer_pin() const { return peer_pin_; }
  // "CN@ca", escaped (base/escape.h), if the server's CA signed the client's certificate.
  const std::optional<std::string>& peer_ca_name() const { return peer_ca_name_; }
  // Whether both sides agreed on kAlpn.
  bool has_alpn() const { return has_alpn_; }

  std::size_t read_some(std::span<std::byte> buffer, Deadline deadline) override;
  bool has_buffered() const override;
  void write_all(std::span<const std::byte> bytes, Deadline deadline) override;
  void finish_writing(Deadline deadline) override;

 private:
  struct Impl;

  std::unique_ptr<Impl> impl_;
  std::optional<Pin> peer_pin_;
  std::optional<std::string> peer_ca_name_;
  bool has_alpn_ = false;
};

}  // namespace topnet::net
