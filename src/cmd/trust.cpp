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
  return {.name = "show",
          .summary = "Print this machine's pin",
          .options = {state_dir_option(*directory)},
          .run = [=] {
            net::KeyRing ring{net::PrivateFolder(state_dir(*directory))};
            print(ring.keys()->identity.pin + '\n');
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

ExitCode rotate(const RotateOptions& options) {
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
  return ExitCode::Done;
}

Command rotate_command() {
  const auto options = std::make_shared<RotateOptions>();
  return {.name = "rotate",
          .summary = "Announce this machine's next key, or put it in use",
          .options = {{.names = "--commit",
                       .value = "",
                       .help = "Put the next key in use",
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
          .summary = "Manage keys, and who trusts whom",
          .options = {},
          .run = nullptr,
          .commands = {show_command(), invite_command(), join_command(), clients_command(),
                       servers_command(), revoke_command(), forget_command(), rotate_command()}};
}

}  // namespace topnet::cmd
