// The server's keys and its enrolled clients. Follows changes to the files of the state directory.
// Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <variant>

#include "net/protocol/message.h"
#include "net/server/session.h"
#include "net/tls/tls.h"
#include "net/trust/key_ring.h"
#include "net/trust/trust_store.h"

namespace topnet::net {

class ServerAuth {
 public:
  using Log = std::function<void(const std::string& line)>;

  // `log` gets messages for the server's user. Throws FileError, and OpensslError for a certificate
  // that OpenSSL rejects.
  ServerAuth(const base::StateDirectory& state, PkiFiles pki, Log log);

  // Reads the files of an own PKI again. If they are refused, those read before stay in use.
  // Returns the result for the log. Called by one thread at a time.
  std::string reload_pki();

  // Of the key that the server presents.
  Pin pin() { return keys()->server_pin(); }
  // When the certificate of an own PKI expires; nullopt without one.
  std::optional<std::string> expiry();

  // The context for a new connection, with the current key.
  std::shared_ptr<const TlsContext> tls();

  // The context for HTTPS at the status port, which asks for no client certificate.
  std::shared_ptr<const TlsContext> web_tls();

  // "local" for a key of this server; nullopt for an unknown key.
  std::optional<std::string> client_name(const Pin& pin);

  // All names that client_name() returns; "local" has always been enrolled. Throws FileError.
  EnrolledSince enrolled_since();

  // As the functions of ServerDelegate. Log the result, except that no refusal was found.
  std::optional<Refusal> find_join_refusal(const JoinRequest& request, const SessionPeer& peer);
  std::variant<Joined, Refusal> join(const JoinRequest& request, const SessionPeer& peer);

  // The next key, if a rotation has begun.
  std::optional<Pin> next_pin() { return keys()->next; }
  // Records that a client has learned the next key.
  void record_learned(const SessionPeer& peer, const Pin& next);

  // Whether clients may have been revoked since the last call. Logs lines of the file that have
  // become invalid. Throws FileError.
  bool has_changed();
  // Makes the next has_changed() return true.
  void forget_version();

 private:
  // Created from the keys and the own PKI, and recreated when these change.
  struct Contexts {
    std::shared_ptr<const Keys> keys;
    std::shared_ptr<const Pki> pki;
    std::shared_ptr<const TlsContext> protocol;
    std::shared_ptr<const TlsContext> web;
  };

  std::shared_ptr<const Keys> keys();
  Contexts contexts();
  Contexts make_contexts(std::shared_ptr<const Keys> keys, std::shared_ptr<const Pki> pki) const;
  std::shared_ptr<const Pki> pki();
  // Logs why a client is not enrolled, and tells it the next step, too.
  Refusal refuse(const std::string& why, const SessionPeer& peer,
                 const char* next_step = "; ask the server's user for a new invite") const;
  void log_new_broken_lines();

  Log log_;
  KeyRing ring_;
  TrustStore trust_;
  PkiFiles pki_files_;
  std::mutex mutex_;                  // guards the members below
  std::shared_ptr<const Pki> pki_;    // without an identity, the state directory's key is used
  std::shared_ptr<const Keys> keys_;  // the last readable ones
  std::string key_problem_;           // the last logged reason why the keys are unreadable
  std::set<std::string> broken_lines_;
  Contexts contexts_;
  base::FileVersion clients_version_;
};

}  // namespace topnet::net
