#include "cmd/trust.h"

#include <fmt/format.h>

#include <memory>

#include "cmd/failure.h"
#include "cmd/output.h"
#include "cmd/state_dir.h"
#include "cmd/trust_clients.h"
#include "cmd/trust_servers.h"
#include "net/key_ring.h"
#include "net/trust.h"

namespace topnet::cmd {
namespace {

Command show_command() {
  const auto directory = std::make_shared<std::string>();
  return {
      .name = "show",
      .summary = "Print this machine's pin",
      .options = {state_dir_option(*directory)},
      .run = [=] {
        net::KeyRing ring{net::PrivateFolder(state_dir(*directory))};
        const auto keys = ring.keys();
        print(keys->identity.pin + '\n');
        if (keys->of_pki) {
          say(fmt::format("as a server, it shows the key of its certificate: {}", *keys->of_pki));
        }
        return ExitCode::Done;
      }};
}

struct RotateOptions {
  bool commits = false;
  bool is_forced = false;
  std::string state_dir;
};

// The clients that would not know this machine by its next key.
std::string names_of_unaware(const net::Trust& trust, const net::Pin& next) {
  std::string names;
  for (const net::EnrolledClient& client : trust.clients()) {
    if (client.learned == next) continue;
    names += (names.empty() ? "" : ", ") + client.name;
  }
  return names;
}

// Those to whom this machine has become a stranger.
void say_who_has_to_be_told(const net::Trust& trust) {
  const auto list = [](const auto& entries, auto name) {
    std::string names;
    for (const auto& entry : entries) names += (names.empty() ? "" : ", ") + name(entry);
    return names;
  };
  const std::string servers =
      list(trust.servers(), [](const net::KnownServer& entry) { return entry.address; });
  if (!servers.empty()) {
    say(fmt::format(
        "these servers know this machine by its previous key, and have to revoke it and "
        "invite it again: {}",
        servers));
  }
  const std::string invites =
      list(trust.open_invites(proc::now()), [](const net::Invite& entry) { return entry.name; });
  if (!invites.empty()) {
    say(fmt::format("these invites are of the previous key, and have to be made again: {}",
                    invites));
  }
}

ExitCode rotate(const RotateOptions& options) {
  if (options.is_forced && !options.commits) {
    throw UsageError("--force goes with --commit; give both, or leave it out");
  }
  const net::PrivateFolder folder(state_dir(options.state_dir));
  net::KeyRing ring(folder);
  if (!options.commits) {
    print(ring.prepare_next() + '\n');
    say("that key is announced to clients from now on; `topnet trust rotate --commit` puts it in "
        "use");
    return ExitCode::Done;
  }
  const auto in_use = ring.commit_next([&](const net::Pin& next) {
    const std::string unaware = names_of_unaware(net::Trust(folder), next);
    if (unaware.empty() || options.is_forced) return;
    throw Failure(
        ExitCode::Failure,
        fmt::format("these clients have not learned the next key: {}; wait until they have "
                    "fetched, or give --force and invite them again",
                    unaware));
  });
  if (!in_use) {
    throw Failure(
        ExitCode::Failure,
        "there is no next key; run `topnet trust rotate` first, and let clients learn it");
  }
  print(*in_use + '\n');
  say_who_has_to_be_told(net::Trust(folder));
  return ExitCode::Done;
}

Command rotate_command() {
  const auto options = std::make_shared<RotateOptions>();
  return {.name = "rotate",
          .summary = "Announce this machine's next key, or start using it",
          .options = {{.names = "--commit",
                       .value = "",
                       .help = "Start using the next key",
                       .set = [=](const std::string&) { options->commits = true; }},
                      {.names = "--force",
                       .value = "",
                       .help = "With --commit: even if some clients have not learned it",
                       .set = [=](const std::string&) { options->is_forced = true; }},
                      state_dir_option(options->state_dir)},
          .run = [=] { return rotate(*options); }};
}

}  // namespace

Command trust_command() {
  return {.name = "trust",
          .summary = "Manage keys, invites, clients and servers",
          .options = {},
          .run = nullptr,
          .commands = {show_command(), invite_command(), join_command(), clients_command(),
                       servers_command(), revoke_command(), forget_command(), rotate_command()}};
}

}  // namespace topnet::cmd
