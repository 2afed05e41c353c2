#include "net/trust/trust_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/escape.h"
#include "base/files/line_file.h"
#include "base/random_id.h"
#include "net/tls/sha256.h"

namespace topnet::net {
namespace {

constexpr const char* kClients = "clients";
constexpr const char* kServers = "servers";
constexpr const char* kInvites = "invites";

// Expired invites are kept that long, so that a late client learns that its invite has expired.
constexpr std::chrono::days kKeepExpired{7};

// The first lines of new files.
constexpr const char* kClientsTitle =
    "# Enrolled clients: NAME PIN SINCE [next pin of this server that the client knows]\n";
constexpr const char* kServersTitle =
    "# Trusted servers: HOST:PORT PIN SINCE [next pin that the server has announced]\n";
constexpr const char* kInvitesTitle =
    "# Invites: NAME SHA-256-OF-SECRET EXPIRES [pin of the client that has joined]\n";

const char* title_of(std::string_view file) {
  if (file == kClients) return kClientsTitle;
  return file == kServers ? kServersTitle : kInvitesTitle;
}

template <typename Entry>
base::LineFile<Entry> read_file(const base::StateDirectory& state, const char* file) {
  return base::LineFile<Entry>(state.read(file).value_or(title_of(file)));
}

// Applies `change` to a file's entries and returns its result. Writes the file only if its text has
// changed. The caller holds the state directory's lock.
template <typename Entry, typename Change>
auto change_file(const base::StateDirectory& state, const char* file, Change change) {
  auto entries = read_file<Entry>(state, file);
  const std::string before = entries.to_text();
  auto result = change(entries);
  const std::string after = entries.to_text();
  if (after != before) state.write(file, after);
  return result;
}

template <typename Entry>
std::vector<std::string> broken_lines(const base::StateDirectory& state, const char* file) {
  std::vector<std::string> lines;
  const auto entries = read_file<Entry>(state, file);
  for (const std::size_t line : entries.broken_lines()) {
    lines.push_back(
        fmt::format("{}:{} is not a valid entry and is ignored; correct or remove that line",
                    base::escape((state / file).native()), line));
  }
  return lines;
}

bool is_forgotten(const Invite& invite, base::WallTime now) {
  return invite.expires + kKeepExpired < now;
}

// Why an invite does not enrol a key; nullopt if it does.
std::optional<JoinRefusal> refusal_by(const Invite& invite, const Pin& client, base::WallTime now) {
  if (invite.used_by && *invite.used_by != client) return JoinRefusal::UsedByAnotherKey;
  if (invite.expires < now) return JoinRefusal::Expired;
  return std::nullopt;
}

}  // namespace

std::string describe(JoinRefusal refusal) {
  switch (refusal) {
    case JoinRefusal::Expired:
      return "the invite has expired";
    case JoinRefusal::UsedByAnotherKey:
      return "the invite was already used by another key, so it may have been stolen";
    case JoinRefusal::NotForThisServer:
      return "the invite is not for this server";
    case JoinRefusal::Unknown:
      break;
  }
  return "the invite is unknown or was withdrawn";
}

std::vector<std::string> TrustStore::broken_client_lines() const {
  std::vector<std::string> lines = broken_lines<EnrolledClient>(state_, kClients);
  for (std::string& line : broken_lines<Invite>(state_, kInvites)) {
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<EnrolledClient> TrustStore::clients() const {
  return read_file<EnrolledClient>(state_, kClients).entries();
}

std::optional<std::string> TrustStore::client_name(const Pin& pin) {
  const auto known = cached_clients();
  const auto found = std::find_if(known->begin(), known->end(),
                                  [&](const EnrolledClient& client) { return client.pin == pin; });
  if (found == known->end()) return std::nullopt;
  return found->name;
}

EnrolledSince TrustStore::enrolled_since() {
  EnrolledSince since;
  for (const EnrolledClient& client : *cached_clients()) {
    // A manual edit may have given a name to several keys.
    base::WallTime& first = since.try_emplace(client.name, client.since).first->second;
    first = std::min(first, client.since);
  }
  return since;
}

std::shared_ptr<const std::vector<EnrolledClient>> TrustStore::cached_clients() {
  // Taken before the file is read, so that the next call notices changes during the read.
  const base::FileVersion now = clients_version();
  {
    const std::scoped_lock lock(mutex_);
    if (cached_clients_ && now == cached_version_) return cached_clients_;
  }
  auto read = std::make_shared<const std::vector<EnrolledClient>>(clients());
  const std::scoped_lock lock(mutex_);
  cached_clients_ = read;
  cached_version_ = now;
  return read;
}

base::FileVersion TrustStore::clients_version() const { return state_.version(kClients); }

bool TrustStore::revoke(const std::string& name) {
  const base::StateDirectory::Lock lock(state_);
  std::vector<EnrolledClient> revoked = clients();
  std::erase_if(revoked, [&](const EnrolledClient& client) { return client.name != name; });
  const auto is_revoked = [&](const std::optional<Pin>& pin) {
    return std::any_of(revoked.begin(), revoked.end(),
                       [&](const EnrolledClient& client) { return client.pin == pin; });
  };
  // The revoked key could join again by the invites that it has used. An open invite for its name
  // is newer than its enrolment, and so is for another key. Removes all lines with the key; a
  // manual edit may have added further ones.
  const auto is_withdrawn = [&](const Invite& invite) {
    return revoked.empty() ? invite.name == name : is_revoked(invite.used_by);
  };
  // The invites first: after a crash in between, the client is still listed and can be revoked
  // again.
  const bool was_invited = change_file<Invite>(
      state_, kInvites, [&](auto& entries) { return entries.remove_if(is_withdrawn) > 0; });
  change_file<EnrolledClient>(state_, kClients, [&](auto& entries) {
    return entries.remove_if([&](const EnrolledClient& entry) { return is_revoked(entry.pin); });
  });
  return was_invited || !revoked.empty();
}

void TrustStore::record_learned(const Pin& client, const Pin& next) {
  const base::StateDirectory::Lock lock(state_);
  change_file<EnrolledClient>(state_, kClients, [&](auto& entries) {
    entries.update([&](EnrolledClient& entry) {
      if (entry.pin != client) return false;
      entry.learned = next;
      return true;
    });
    return true;
  });
}

std::vector<Invite> TrustStore::open_invites(base::WallTime now) const {
  std::vector<Invite> invites = read_file<Invite>(state_, kInvites).entries();
  std::erase_if(invites,
                [&](const Invite& invite) { return invite.used_by || invite.expires < now; });
  return invites;
}

std::string TrustStore::invite(const std::string& name, base::WallTime expires) {
  if (!is_client_name(name)) {
    throw NameError(fmt::format(
        "the name '{}' has to consist of 1 to 64 letters, digits, dots, underscores and dashes",
        base::escape(name)));
  }
  if (name == kLocal) {
    throw NameError(fmt::format("the name '{}' is reserved for this machine's own key", kLocal));
  }
  const base::StateDirectory::Lock lock(state_);
  for (const EnrolledClient& client : clients()) {
    if (client.name != name) continue;
    throw NameError(fmt::format(
        "the name '{}' is in use; choose another one or revoke that client first", name));
  }
  std::string secret = base::random_id();
  change_file<Invite>(state_, kInvites, [&](auto& entries) {
    entries.remove_if([&](const Invite& invite) { return invite.name == name; });
    entries.add({.name = name, .digest = digest_of(secret), .expires = expires, .used_by = {}});
    return true;
  });
  return secret;
}

std::optional<JoinRefusal> TrustStore::find_join_refusal(const std::string& secret,
                                                         const Pin& client, base::WallTime now) {
  if (client_name(client)) return std::nullopt;
  const std::string digest = digest_of(secret);
  for (const Invite& invite : read_file<Invite>(state_, kInvites).entries()) {
    if (invite.digest == digest && !is_forgotten(invite, now)) {
      return refusal_by(invite, client, now);
    }
  }
  return JoinRefusal::Unknown;
}

std::variant<std::string, JoinRefusal> TrustStore::join(const std::string& secret,
                                                        const Pin& client, base::WallTime now) {
  using Result = std::variant<std::string, JoinRefusal>;
  const std::string digest = digest_of(secret);
  const base::StateDirectory::Lock lock(state_);
  if (auto name = client_name(client)) return *std::move(name);
  Result result = change_file<Invite>(state_, kInvites, [&](auto& entries) {
    entries.remove_if([&](const Invite& invite) { return is_forgotten(invite, now); });
    Result found = JoinRefusal::Unknown;
    entries.update([&](Invite& invite) {
      if (invite.digest != digest) return false;
      if (const auto refusal = refusal_by(invite, client, now)) {
        found = *refusal;
        return false;
      }
      found = invite.name;
      invite.used_by = client;
      return true;
    });
    return found;
  });
  const auto* const name = std::get_if<std::string>(&result);
  if (name == nullptr) return result;
  change_file<EnrolledClient>(state_, kClients, [&](auto& entries) {
    entries.remove_if([&](const EnrolledClient& entry) { return entry.name == *name; });
    entries.add({.name = *name, .pin = client, .since = now, .learned = {}});
    return true;
  });
  return result;
}

std::vector<std::string> TrustStore::broken_server_lines() const {
  return broken_lines<KnownServer>(state_, kServers);
}

std::vector<KnownServer> TrustStore::servers() const {
  return read_file<KnownServer>(state_, kServers).entries();
}

void TrustStore::remember(KnownServer server) {
  const base::StateDirectory::Lock lock(state_);
  change_file<KnownServer>(state_, kServers, [&](auto& entries) {
    entries.remove_if([&](const KnownServer& entry) {
      if (entry.address != server.address) return false;
      // A next key that was announced with the same current key remains valid.
      if (entry.pin == server.pin && !server.next) server.next = entry.next;
      return true;
    });
    entries.add(std::move(server));
    return true;
  });
}

void TrustStore::record_switch(const Pin& old_pin, const Pin& new_pin, base::WallTime now) {
  const base::StateDirectory::Lock lock(state_);
  change_file<KnownServer>(state_, kServers, [&](auto& entries) {
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

void TrustStore::record_next(const std::string& address, const Pin& next) {
  const base::StateDirectory::Lock lock(state_);
  change_file<KnownServer>(state_, kServers, [&](auto& entries) {
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

std::optional<Pin> TrustStore::forget(const std::string& address) {
  const base::StateDirectory::Lock lock(state_);
  std::optional<Pin> forgotten;
  change_file<KnownServer>(state_, kServers, [&](auto& entries) {
    return entries.remove_if([&](const KnownServer& entry) {
      if (entry.address != address) return false;
      forgotten = entry.pin;
      return true;
    }) > 0;
  });
  return forgotten;
}

}  // namespace topnet::net
