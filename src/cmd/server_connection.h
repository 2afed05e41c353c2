// A connection to a server that is trusted, ready for frames: what `fetch` and `trust join` begin
// with.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cmd/transport_options.h"
#include "net/address.h"
#include "net/key_ring.h"
#include "net/pin.h"
#include "net/stream.h"
#include "net/tls.h"
#include "net/trust.h"
#include "proc/unique_fd.h"

namespace topnet::cmd {

struct ServerConnectionOptions {
  net::HostPort server;
  TransportOptions transport;
  std::chrono::milliseconds connect_timeout{5000};
  std::optional<net::Pin> pin;       // trust this key alone, and remember nothing
  bool is_again = false;             // what there is to be said has been said
  std::string pin_origin = "--pin";  // where that came from, for messages
  std::string state_dir;
};

class ServerConnection {
 public:
  // Connects, shakes hands, and sees to it that the server's key is trusted: the one of --pin; else
  // the one that this address is known by; else one that another address is known by, or our own.
  // A key that nobody knows is asked for where there is a terminal. Throws Failure (4: not trusted)
  // and what connecting throws.
  explicit ServerConnection(const ServerConnectionOptions& options);

  net::Stream& stream() { return *stream_; }

  // Makes the server known by `address` and the pin of the options, for the connections to come.
  void keep(const std::string& address);

  // The server has announced its next key, or none, which takes nothing back: the server may have
  // put it in use meanwhile. Returns it where it has been taken note of. Throws FileError.
  std::optional<net::Pin> note_next(const std::optional<net::Pin>& next);

 private:
  void connect_with_tls();
  void shake_hands(net::TlsContext context);
  std::vector<net::Pin> trusted_pins() const;
  void open_socket(net::Deadline deadline);
  [[noreturn]] void refuse_key(const net::Pin& seen) const;
  void remember();

  ServerConnectionOptions options_;
  std::string address_;  // as it is known by
  std::filesystem::path state_;
  std::unique_ptr<net::Trust> trust_;      // with TLS
  std::shared_ptr<const net::Keys> own_;   // with TLS
  net::Identity identity_;                 // that is shown
  net::Pin seen_;                          // the server's
  std::optional<net::KnownServer> known_;  // what is known of the address
  proc::UniqueFd socket_;
  std::optional<net::TlsContext> context_;
  std::unique_ptr<net::Stream> stream_;
};

}  // namespace topnet::cmd
