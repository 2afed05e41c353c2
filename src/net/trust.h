// Who may talk to this machine, and whom it trusts: the trust files of the state directory.
//
// Any number of processes may read and change them at the same time; what one has changed, all
// others see at their next look. Any thread may call anything.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "net/private_folder.h"
#include "net/trust_entry.h"

namespace topnet::net {

// Why somebody who came with an invite is not enrolled.
enum class JoinRefusal : std::uint8_t { Unknown, Expired, UsedByAnotherKey, NotForThisServer };

// For people: "already used by another key" and its like.
std::string describe(JoinRefusal refusal);

// A name that cannot be given.
class NameError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Trust {
 public:
  explicit Trust(PrivateFolder folder) : folder_(std::move(folder)) {}

  // --- Clients, of this machine as a server

  // Lines that cannot be understood, and so let nobody in, as "FILE:LINE"; of invites, too.
  std::vector<std::string> broken_client_lines() const;
  std::vector<EnrolledClient> clients() const;
  // The name that a key is enrolled under. Looks into the file only when it has changed.
  std::optional<std::string> client_name(const Pin& pin);
  // The names of all who are enrolled; as cheap.
  std::set<std::string> client_names();
  // Changes whenever who is enrolled may have changed; cheap to ask.
  PrivateFolder::Version clients_version() const;
  // Refuses that client from now on, and withdraws an invite for its name. False if there was
  // neither.
  bool revoke(const std::string& name);
  // The client with this key knows `next`, which we announced.
  void note_learned(const Pin& client, const Pin& next);

  // Those that somebody may still join by, and who has not used them.
  std::vector<Invite> open_invites(proc::WallTime now) const;
  // Returns the secret that whoever joins as `name` has to show, once, until `expires`. An earlier
  // invite for the same name is withdrawn. Throws NameError where the name is taken.
  std::string invite(const std::string& name, proc::WallTime expires);
  // Enrols a key by the secret of an invite, and returns its name. The same key may come again
  // while the invite lasts.
  std::variant<std::string, JoinRefusal> join(const std::string& secret, const Pin& client,
                                              proc::WallTime now);

  // --- Servers, of this machine as a client

  // Lines that cannot be understood, and so are of nobody who is trusted, as "FILE:LINE".
  std::vector<std::string> broken_server_lines() const;
  std::vector<KnownServer> servers() const;
  // From now on the server at this address has this key, whatever was known of it.
  void remember(KnownServer server);
  // Announced by the server at this address; it has the same key at the other addresses that are
  // known by it.
  void note_next(const std::string& address, const Pin& next);
  // A server has put the key in use that it had announced: at all addresses that it is known by.
  void note_switch(const Pin& old_pin, const Pin& new_pin, proc::WallTime now);
  // False if the address was not known.
  bool forget(const std::string& address);

 private:
  std::shared_ptr<const std::vector<EnrolledClient>> known_clients();

  PrivateFolder folder_;
  std::mutex mutex_;  // guards what follows
  PrivateFolder::Version seen_;
  std::shared_ptr<const std::vector<EnrolledClient>> known_;  // at that version
};

}  // namespace topnet::net
