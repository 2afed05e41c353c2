#include "cmd/commands.h"

#include <fmt/format.h>

#include <memory>

#include "cmd/command_error.h"
#include "cmd/output.h"
#include "cmd/state_dir.h"
#include "cmd/trust_commands.h"
#include "net/trust/key_ring.h"
#include "net/trust/trust_store.h"

namespace topnet::cmd {
namespace {

Command show_command() {
  const auto directory = std::make_shared<std::string>();
  return {
      .name = "show",
      .summary = "Print this machine's pin",
      .options = {state_dir_option(*directory)},
      .run = [=] {
        net::KeyRing ring{open_state_dir(*directory)};
        const auto keys = ring.keys();
        print(keys->identity.pin + '\n');
        if (keys->external_pin) {
          log_line(fmt::format("as a server, this machine presents the key of its certificate: {}",
                               *keys->external_pin));
        }
        return ExitCode::Done;
      }};
}

struct RotateOptions {
  bool is_commit = false;
  bool is_forced = false;
  std::string state_dir;
};

// The names of clients that have not learned the next key, separated by commas.
std::string clients_without(const net::TrustStore& trust, const net::Pin& next) {
  std::string names;
  for (const net::EnrolledClient& client : trust.clients()) {
    if (client.learned == next) continue;
    names += (names.empty() ? "" : ", ") + client.name;
  }
  return names;
}

// Logs which servers and invites still have the previous key.
void log_uses_of_previous_key(const net::TrustStore& trust) {
  const auto join_names = [](const auto& entries, auto name) {
    std::string names;
    for (const auto& entry : entries) names += (names.empty() ? "" : ", ") + name(entry);
    return names;
  };
  const std::string servers =
      join_names(trust.servers(), [](const net::KnownServer& entry) { return entry.address; });
  if (!servers.empty()) {
    log_line(fmt::format(
        "these servers still have this machine's previous key, and must revoke it and invite "
        "this machine again: {}",
        servers));
  }
  const std::string invites = join_names(trust.open_invites(base::now()),
                                         [](const net::Invite& entry) { return entry.name; });
  if (!invites.empty()) {
    log_line(fmt::format("these invites contain the previous key, and must be created again: {}",
                         invites));
  }
}

ExitCode rotate(const RotateOptions& options) {
  if (options.is_forced && !options.is_commit) {
    throw UsageError("--force requires --commit; add --commit, or omit --force");
  }
  const base::StateDirectory state = open_state_dir(options.state_dir);
  net::KeyRing ring(state);
  if (!options.is_commit) {
    print(ring.prepare_next() + '\n');
    log_line(
        "clients learn this next key when they fetch; then run `topnet trust rotate --commit` to "
        "start using it");
    return ExitCode::Done;
  }
  const auto committed = ring.commit_next([&](const net::Pin& next) {
    const std::string unaware = clients_without(net::TrustStore(state), next);
    if (unaware.empty() || options.is_forced) return;
    throw CommandError(
        ExitCode::Failure,
        fmt::format("could not start using the next key, since these clients have not learned it: "
                    "{}; wait until they have fetched, or add --force and invite them again",
                    unaware));
  });
  if (!committed) {
    throw CommandError(ExitCode::Failure,
                       "there is no next key; run `topnet trust rotate` first, and wait until "
                       "clients have learned it");
  }
  print(*committed + '\n');
  log_uses_of_previous_key(net::TrustStore(state));
  return ExitCode::Done;
}

Command rotate_command() {
  const auto options = std::make_shared<RotateOptions>();
  return {
      .name = "rotate",
      .summary = "Announce this machine's next key, or start using it",
      .options = {{.names = "--commit",
                   .value = "",
                   .help = "Start using the next key",
                   .set = [=](const std::string&) { options->is_commit = true; }},
                  {.names = "--force",
                   .value = "",
                   .help = "With --commit: start using it even if some clients have not learned it",
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
          .commands = {show_command(), invite_command(), join_command(), clients_command("clients"),
                       clients_command("list"), servers_command(), revoke_command(),
                       forget_command(), rotate_command()}};
}

}  // namespace topnet::cmd
