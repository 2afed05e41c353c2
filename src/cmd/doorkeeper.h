// Who a running server is, and whom it lets in: its keys and trust files, as they are at each
// moment. Any thread may call anything.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <variant>

#include "cmd/transport_options.h"
#include "net/key_ring.h"
#include "net/message.h"
#include "net/session.h"
#include "net/tls.h"
#include "net/trust.h"

namespace topnet::cmd {

class Doorkeeper {
 public:
  // `transport` says whether there is an own PKI. Throws FileError, and OpensslError for a
  // certificate that OpenSSL does not serve with.
  Doorkeeper(const net::PrivateFolder& state, const TransportOptions& transport);

  // Of the key that the server shows.
  net::Pin pin() { return keys()->shown(); }
  // When the certificate of an own PKI expires; nullopt without one.
  std::optional<std::string> expiry() const;

  // The context for a new connection: of the key that is in use right now.
  std::shared_ptr<const net::TlsContext> tls();

  // The same for browsers.
  std::shared_ptr<const net::TlsContext> web_tls();

  // "local" for an own key; nullopt for a stranger.
  std::optional<std::string> client_name(const net::Pin& pin);

  // Those that client_name() gives; none where the file cannot be read.
  std::set<std::string> client_names();

  // Enrols a client by an invite. Says on standard error who came, and who was refused.
  std::variant<net::Joined, net::Refusal> join(const net::JoinRequest& request,
                                               const net::SessionPeer& peer);

  // The next key, where there is one to be announced; and that a client knows it.
  std::optional<net::Pin> next_pin() { return keys()->next; }
  void note_learned(const net::SessionPeer& peer, const net::Pin& next);

  // Whether somebody may have been revoked since the last call. Says which lines cannot be
  // understood. Throws FileError.
  bool has_changed();
  // Lets it say so once more.
  void look_again();

 private:
  // What is made of the keys, and made again when they change.
  struct Contexts {
    std::shared_ptr<const net::Keys> keys;
    std::shared_ptr<const net::TlsContext> protocol;
    std::shared_ptr<const net::TlsContext> web;
  };

  std::shared_ptr<const net::Keys> keys();
  Contexts contexts();
  void say_new_broken_lines();

  net::KeyRing ring_;
  net::Trust trust_;
  std::optional<net::Identity> own_pki_;   // what --cert and --key hold
  std::string ca_pem_;                     // of --ca; empty: none
  std::mutex mutex_;                       // guards what follows
  std::shared_ptr<const net::Keys> keys_;  // as they were when they could be read
  std::string said_of_keys_;               // why they cannot be
  std::set<std::string> said_broken_;
  Contexts contexts_;
  net::PrivateFolder::Version clients_version_;
};

}  // namespace topnet::cmd
