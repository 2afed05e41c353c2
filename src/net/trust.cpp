#include "net/trust.h"

#include <fmt/format.h>

#include <algorithm>

#include "net/entry_file.h"
#include "net/random_id.h"
#include "net/sha256.h"
#include "proc/escape.h"

namespace topnet::net {
namespace {

constexpr const char* kClients = "clients";
constexpr const char* kServers = "servers";
constexpr const char* kInvites = "invites";

// So long an invite is remembered after its end, for whoever still comes with it.
constexpr std::chrono::days kRemembered{7};

// What a new file begins with.
constexpr const char* kClientsTitle =
    "# Who may talk to this machine: NAME PIN SINCE [our next pin, where it is known]\n";
constexpr const char* kServersTitle =
    "# Whom this machine trusts: HOST:PORT PIN SINCE [its next pin, where it was announced]\n";
constexpr const char* kInvitesTitle =
    "# Who may join: NAME SHA-256-OF-SECRET EXPIRES [the pin that joined]\n";

const char* title_of(std::string_view file) {
  if (file == kClients) return kClientsTitle;
  return file == kServers ? kServersTitle : kInvitesTitle;
}

template <typename Entry>
EntryFile<Entry> read_file(const PrivateFolder& folder, const char* file) {
  return EntryFile<Entry>(folder.read(file).value_or(title_of(file)));
}

// Reads a file, lets `change` change it, and writes it where that made a difference. The folder's
// lock is held by the caller. Returns what `change` does.
template <typename Entry, typename Change>
auto change_file(const PrivateFolder& folder, const char* file, Change change) {
  auto entries = read_file<Entry>(folder, file);
  const std::string before = entries.to_text();
  auto result = change(entries);
  const std::string after = entries.to_text();
  if (after != before) folder.write(file, after);
  return result;
}

template <typename Entry>
std::vector<std::string> broken_lines(const PrivateFolder& folder, const char* file) {
  std::vector<std::string> lines;
  const auto entries = read_file<Entry>(folder, file);
  for (const std::size_t line : entries.broken_lines()) {
    lines.push_back(fmt::format("{}:{}", (folder / file).native(), line));
  }
  return lines;
}

}  // namespace

std::string describe(JoinRefusal refusal) {
  switch (refusal) {
    case JoinRefusal::Expired:
      return "the invite has expired; ask for a new one";
    case JoinRefusal::UsedByAnotherKey:
      return "the invite was already used by another key; tell the server's user, and ask for a "
             "new "
             "one";
    case JoinRefusal::NotForThisServer:
      return "the invite is not for this server";
    case JoinRefusal::Unknown:
      break;
  }
  return "unknown invite; it may have been withdrawn; ask for a new one";
}

std::vector<std::string> Trust::broken_client_lines() const {
  std::vector<std::string> lines = broken_lines<EnrolledClient>(folder_, kClients);
  for (std::string& line : broken_lines<Invite>(folder_, kInvites)) {
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<EnrolledClient> Trust::clients() const {
  return read_file<EnrolledClient>(folder_, kClients).entries();
}

std::optional<std::string> Trust::client_name(const Pin& pin) {
  const auto known = known_clients();
  const auto found = std::find_if(known->begin(), known->end(),
                                  [&](const EnrolledClient& client) { return client.pin == pin; });
  if (found == known->end()) return std::nullopt;
  return found->name;
}

std::set<std::string> Trust::client_names() {
  std::set<std::string> names;
  for (const EnrolledClient& client : *known_clients()) names.insert(client.name);
  return names;
}

std::shared_ptr<const std::vector<EnrolledClient>> Trust::known_clients() {
  // Asked before the file is read: what changes meanwhile is read the next time.
  const PrivateFolder::Version now = clients_version();
  {
    const std::scoped_lock lock(mutex_);
    if (known_ && now == seen_) return known_;
  }
  auto known = std::make_shared<const std::vector<EnrolledClient>>(clients());
  const std::scoped_lock lock(mutex_);
  known_ = known;
  seen_ = now;
  return known;
}

PrivateFolder::Version Trust::clients_version() const { return folder_.version(kClients); }

bool Trust::revoke(const std::string& name) {
  const PrivateFolder::Lock lock(folder_);
  std::vector<EnrolledClient> revoked = clients();
  std::erase_if(revoked, [&](const EnrolledClient& client) { return client.name != name; });
  const auto is_revoked = [&](const std::optional<Pin>& pin) {
    return std::any_of(revoked.begin(), revoked.end(),
                       [&](const EnrolledClient& client) { return client.pin == pin; });
  };
  // A key that has used an invite for another name, too, must not come back by that one; nor by
  // another line of its own, which somebody has written by hand.
  const auto is_way_in = [&](const Invite& invite) {
    return invite.name == name || is_revoked(invite.used_by);
  };
  // The invites first: a crash in between must leave the client known, not the way back in open.
  const bool was_invited = change_file<Invite>(
      folder_, kInvites, [&](auto& entries) { return entries.remove_if(is_way_in) > 0; });
  change_file<EnrolledClient>(folder_, kClients, [&](auto& entries) {
    return entries.remove_if([&](const EnrolledClient& entry) { return is_revoked(entry.pin); });
  });
  return was_invited || !revoked.empty();
}

void Trust::note_learned(const Pin& client, const Pin& next) {
  const PrivateFolder::Lock lock(folder_);
  change_file<EnrolledClient>(folder_, kClients, [&](auto& entries) {
    entries.update([&](EnrolledClient& entry) {
      if (entry.pin != client) return false;
      entry.learned = next;
      return true;
    });
    return true;
  });
}

std::vector<Invite> Trust::open_invites(proc::WallTime now) const {
  std::vector<Invite> invites = read_file<Invite>(folder_, kInvites).entries();
  std::erase_if(invites,
                [&](const Invite& invite) { return invite.used_by || invite.expires < now; });
  return invites;
}

std::string Trust::invite(const std::string& name, proc::WallTime expires) {
  if (!is_client_name(name)) {
    throw NameError(
        fmt::format("the name '{}' has to be 1 to 64 letters, digits, dots, underscores and dashes",
                    proc::escape(name)));
  }
  if (name == kLocal) {
    throw NameError(fmt::format("the name '{}' is that of this machine's own key", kLocal));
  }
  const PrivateFolder::Lock lock(folder_);
  for (const EnrolledClient& client : clients()) {
    if (client.name != name) continue;
    throw NameError(fmt::format(
        "the name '{}' is in use; choose another one, or revoke that client first", name));
  }
  std::string secret = random_id();
  change_file<Invite>(folder_, kInvites, [&](auto& entries) {
    entries.remove_if([&](const Invite& invite) { return invite.name == name; });
    entries.add({.name = name, .digest = digest_of(secret), .expires = expires, .used_by = {}});
    return true;
  });
  return secret;
}

std::variant<std::string, JoinRefusal> Trust::join(const std::string& secret, const Pin& client,
                                                   proc::WallTime now) {
  using Result = std::variant<std::string, JoinRefusal>;
  const std::string digest = digest_of(secret);
  const PrivateFolder::Lock lock(folder_);
  Result result = change_file<Invite>(folder_, kInvites, [&](auto& entries) {
    entries.remove_if([&](const Invite& invite) { return invite.expires + kRemembered < now; });
    Result found = JoinRefusal::Unknown;
    entries.update([&](Invite& invite) {
      if (invite.digest != digest) return false;
      if (invite.used_by && *invite.used_by != client) {
        found = JoinRefusal::UsedByAnotherKey;
      } else if (invite.expires < now) {
        found = JoinRefusal::Expired;
      } else {
        found = invite.name;
        invite.used_by = client;
        return true;
      }
      return false;
    });
    return found;
  });
  const auto* const name = std::get_if<std::string>(&result);
  if (name == nullptr) return result;
  change_file<EnrolledClient>(folder_, kClients, [&](auto& entries) {
    const std::vector<EnrolledClient> known = entries.entries();
    const bool is_known = std::any_of(known.begin(), known.end(), [&](const auto& entry) {
      return entry.name == *name && entry.pin == client;
    });
    if (is_known) return true;
    // One key has one name: that of the last invite.
    entries.remove_if(
        [&](const EnrolledClient& entry) { return entry.pin == client || entry.name == *name; });
    entries.add({.name = *name, .pin = client, .since = now, .learned = {}});
    return true;
  });
  return result;
}

std::vector<std::string> Trust::broken_server_lines() const {
  return broken_lines<KnownServer>(folder_, kServers);
}

std::vector<KnownServer> Trust::servers() const {
  return read_file<KnownServer>(folder_, kServers).entries();
}

void Trust::remember(KnownServer server) {
  const PrivateFolder::Lock lock(folder_);
  change_file<KnownServer>(folder_, kServers, [&](auto& entries) {
    entries.remove_if([&](const KnownServer& entry) {
      if (entry.address != server.address) return false;
      // What it has announced with that key still holds.
      if (entry.pin == server.pin && !server.next) server.next = entry.next;
      return true;
    });
    entries.add(std::move(server));
    return true;
  });
}

void Trust::note_switch(const Pin& old_pin, const Pin& new_pin, proc::WallTime now) {
  const PrivateFolder::Lock lock(folder_);
  change_file<KnownServer>(folder_, kServers, [&](auto& entries) {
    entries.update([&](KnownServer& entry) {
      if (entry.pin != old_pin || entry.next != new_pin) return false;
      entry.pin = new_pin;
      entry.since = now;
      entry.next.reset();
      return true;
    });
    return true;
  });
}

void Trust::note_next(const std::string& address, const Pin& next) {
  const PrivateFolder::Lock lock(folder_);
  change_file<KnownServer>(folder_, kServers, [&](auto& entries) {
    const std::vector<KnownServer> known = entries.entries();
    const auto at_address = std::find_if(known.begin(), known.end(), [&](const KnownServer& entry) {
      return entry.address == address;
    });
    if (at_address == known.end()) return true;
    entries.update([&](KnownServer& entry) {
      if (entry.pin != at_address->pin || entry.next == next) return false;
      entry.next = next;
      return true;
    });
    return true;
  });
}

bool Trust::forget(const std::string& address) {
  const PrivateFolder::Lock lock(folder_);
  return change_file<KnownServer>(folder_, kServers, [&](auto& entries) {
    return entries.remove_if([&](const KnownServer& entry) { return entry.address == address; }) >
           0;
  });
}

}  // namespace topnet::net
