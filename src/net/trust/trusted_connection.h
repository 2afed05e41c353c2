// A connection to a trusted server, ready for frames.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "net/address.h"
#include "net/stream.h"
#include "net/tls/pin.h"
#include "net/tls/tls.h"
#include "net/trust/key_ring.h"
#include "net/trust/trust_store.h"

namespace topnet::net {

// The server's key or certificate is not trusted. what() says which one, and the next step.
class UntrustedServerError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A connection without TLS would leave this machine.
class PlaintextRefusedError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct TrustedConnectionOptions {
  HostPort server;
  bool uses_tls = true;
  bool allows_unsafe_plaintext = false;  // without TLS: to any address, not only a loopback one
  Pki pki;
  std::chrono::milliseconds connect_timeout{5000};
  std::optional<Pin> pin;            // trust this key alone, and record nothing
  std::string pin_origin = "--pin";  // for messages: the source of `pin`
  std::filesystem::path state_dir;   // required with TLS
  // Asks the user whether to trust an unknown key permanently.
  std::function<bool(const std::string& address, const Pin& seen)> prompt;
  // Gets messages for the user, one line each.
  std::function<void(const std::string& line)> log;
};

class TrustedConnection {
 public:
  // Connects, performs the handshake, and checks the server's key. Trusted is `options.pin` alone
  // if it is set, else the recorded key of this address, else the recorded key of any other address
  // or this machine's own key. Prompts for an unknown key. Throws UntrustedServerError,
  // PlaintextRefusedError, FileError, ConnectionError, TimeoutError and HandshakeError, with the
  // next step for the user.
  explicit TrustedConnection(TrustedConnectionOptions options);

  Stream& stream() { return *stream_; }

  // Records the server at `address` with the pin of the options. Needs TLS and a pin.
  void remember(const std::string& address);

  // Records the next key that the server has announced, and returns it if it was recorded. nullopt
  // keeps the recorded key, since the server may have started to use it. Throws FileError.
  std::optional<Pin> record_next(const std::optional<Pin>& next);

 private:
  void connect_with_tls();
  void handshake(TlsContext context);
  std::vector<Pin> trusted_pins() const;
  void open_socket(Deadline deadline);
  [[noreturn]] void refuse_key(const Pin& seen) const;
  void record_trusted_server();

  TrustedConnectionOptions options_;
  std::string address_;                // of the server, escaped, as in the file `servers`
  std::unique_ptr<TrustStore> trust_;  // with TLS
  std::shared_ptr<const Keys> own_;    // with TLS
  Identity identity_;                  // sent to the server
  Pin seen_;                           // the server's key
  std::optional<KnownServer> known_;   // the entry of this address
  base::UniqueFd socket_;
  std::optional<TlsContext> context_;
  std::unique_ptr<Stream> stream_;
};

}  // namespace topnet::net
