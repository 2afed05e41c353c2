// The trust files of the state directory: enrolled clients, invites and trusted servers.
//
// Any number of processes may read and change them concurrently; every call sees all completed
// changes. Thread-safe. All functions throw FileError.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/files/state_directory.h"
#include "net/trust/trust_entries.h"

namespace topnet::net {

// Why a client with an invite is not enrolled.
enum class JoinRefusal : std::uint8_t { Unknown, Expired, UsedByAnotherKey, NotForThisServer };

// The reason, for the client and for the server's log.
std::string describe(JoinRefusal refusal);

// The name is malformed, reserved or taken.
class NameError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class TrustStore {
 public:
  explicit TrustStore(base::StateDirectory state) : state_(std::move(state)) {}

  // --- As a server: clients and invites

  // One message for users about each malformed line of the files `clients` and `invites`.
  std::vector<std::string> broken_client_lines() const;
  std::vector<EnrolledClient> clients() const;
  // The name under which a key is enrolled. Reads the file only if it has changed.
  std::optional<std::string> client_name(const Pin& pin);
  // The names of all enrolled clients. Reads the file only if it has changed.
  EnrolledSince enrolled_since();
  // Differs from an earlier version if enrolments may have changed. Costs one stat().
  base::FileVersion clients_version() const;
  // Removes the client, and withdraws the invites that its key has used. If there is no such
  // client, withdraws the invite for the name. Returns false if there was neither.
  bool revoke(const std::string& name);
  // Records that the client with this key knows `next`, which this server announced.
  void record_learned(const Pin& client, const Pin& next);

  // The invites that are neither used nor expired.
  std::vector<Invite> open_invites(base::WallTime now) const;
  // Creates an invite by which one client can join as `name` until `expires`, and returns its
  // secret. Withdraws an earlier invite for the same name. Throws NameError.
  std::string invite(const std::string& name, base::WallTime expires);
  // Why join() would refuse a key now; nullopt if it would enrol it. Does not wait for the lock of
  // the state directory.
  std::optional<JoinRefusal> find_join_refusal(const std::string& secret, const Pin& client,
                                               base::WallTime now);
  // Enrols a key by the secret of an invite, and returns its name. A key that is already enrolled
  // keeps its name, whatever the secret is, and uses no invite.
  std::variant<std::string, JoinRefusal> join(const std::string& secret, const Pin& client,
                                              base::WallTime now);

  // --- As a client: trusted servers

  // One message for users about each malformed line of the file `servers`.
  std::vector<std::string> broken_server_lines() const;
  std::vector<KnownServer> servers() const;
  // Records the server, and replaces an entry with the same address.
  void remember(KnownServer server);
  // Records the next key that the server at this address has announced, for all addresses with the
  // same current key.
  void record_next(const std::string& address, const Pin& next);
  // Records that a server now uses the key that it had announced, for all addresses with `old_pin`.
  void record_switch(const Pin& old_pin, const Pin& new_pin, base::WallTime now);
  // Returns the recorded key, which other addresses may have, too; nullopt if the address was not
  // known.
  std::optional<Pin> forget(const std::string& address);

 private:
  std::shared_ptr<const std::vector<EnrolledClient>> cached_clients();

  base::StateDirectory state_;
  std::mutex mutex_;  // guards the members below
  base::FileVersion cached_version_;
  std::shared_ptr<const std::vector<EnrolledClient>> cached_clients_;
};

}  // namespace topnet::net
