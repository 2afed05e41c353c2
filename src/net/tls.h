// TLS 1.3 with keys that are known by their pins, or certificates of a CA. With openssl.h, identity
// and what implements this, the only files that know OpenSSL.
//
// OpenSSL writes to its socket without MSG_NOSIGNAL, so the process has to ignore SIGPIPE.
// A context is built once per process and role, and used by any number of threads; a stream by one.
#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "net/identity.h"
#include "net/pin.h"
#include "net/stream.h"

namespace topnet::net {

inline constexpr const char* kAlpn = "topnet/1";

// The handshake failed: no TLS at the other end, no common protocol, no trust in our key.
class HandshakeError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The server's key is not one that is trusted.
class UntrustedKeyError : public std::runtime_error {
 public:
  explicit UntrustedKeyError(Pin seen);

  const Pin& seen() const { return seen_; }

 private:
  Pin seen_;
};

// The server's certificate is not one of the CA's, not of that host, or out of date. what() says
// which.
class UntrustedCertificateError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What one side of every connection has in common: our key, and the settings of topnet-protocol(7).
class TlsContext {
 public:
  // A server asks for the client's certificate and takes any well-formed one, or none: whether its
  // key is enrolled is judged afterwards, where a refusal can be said in words.
  // With `ca_pem`, certificates of that CA are told from others (peer_ca_name).
  static TlsContext server(const Identity& identity, const std::string& ca_pem = "");

  // A server of HTTPS asks for no certificate, and ignores ALPN: it speaks HTTP/1.1, which is what
  // clients speak then.
  static TlsContext web_server(const Identity& identity);

  // A client accepts the server only if its key is one of `trusted`; the check is part of the
  // handshake, and so comes before anything is sent.
  static TlsContext client(const Identity& identity, std::vector<Pin> trusted);

  // A client accepts the server if OpenSSL can verify its certificate: chain, dates, and `host`, a
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
  // Shakes hands over `socket` (connected, non-blocking, not owned). `context` outlives the stream.
  // Throws HandshakeError, UntrustedKeyError, UntrustedCertificateError, TimeoutError.
  TlsStream(const TlsContext& context, int socket, Deadline deadline);
  ~TlsStream() override;

  // The pin of the peer's key; nullopt if it showed none.
  const std::optional<Pin>& peer_pin() const { return peer_pin_; }
  // "CN@ca" of a client whose certificate the server's CA has signed, escaped (proc/escape.h).
  const std::optional<std::string>& peer_ca_name() const { return peer_ca_name_; }
  // Whether the peer asked for our protocol by its name.
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
