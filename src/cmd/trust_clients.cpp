#include "cmd/trust_clients.h"

#include <fmt/format.h>

#include <memory>

#include "cmd/broken_lines.h"
#include "cmd/failure.h"
#include "cmd/output.h"
#include "cmd/state_dir.h"
#include "cmd/trust_options.h"
#include "cmd/values.h"
#include "net/address.h"
#include "net/key_ring.h"
#include "net/trust.h"
#include "net/trust_list.h"
#include "proc/escape.h"
#include "proc/host.h"
#include "proc/time_text.h"

namespace topnet::cmd {
namespace {

struct InviteOptions {
  std::string name;
  std::chrono::milliseconds ttl{std::chrono::minutes(15)};
  std::optional<std::string> host;
  std::string state_dir;
};

// This machine as others may reach it.
std::string own_address() {
  const auto host = proc::read_host("/proc").name;
  if (!host || host->empty()) {
    throw UsageError("this machine has no host name; say with --host how the client reaches it");
  }
  std::string address = net::to_string(net::HostPort{.host = *host, .port = kDefaultPort});
  if (!net::is_server_address(address)) {
    throw UsageError(fmt::format(
        "the host name '{}' cannot be connected to; say with --host how the client reaches this "
        "machine",
        *host));
  }
  return address;
}

ExitCode invite(const InviteOptions& options) {
  const std::string address = options.host ? *options.host : own_address();
  const net::PrivateFolder folder(state_dir(options.state_dir));
  const net::Pin own = net::KeyRing(folder).keys()->shown();
  const proc::WallTime expires = proc::now() + options.ttl;
  const std::string secret = net::Trust(folder).invite(options.name, expires);
  print(fmt::format("topnet trust join {}\n",
                    to_text(net::InviteCode{.address = address, .pin = own, .secret = secret})));
  say(fmt::format("run that line on {}; it is good once, until {}", options.name,
                  proc::format_time(expires)));
  return ExitCode::Done;
}

std::string parse_server_address(const std::string& text) {
  std::string address = net::to_string(parse_host(text));
  if (!net::is_server_address(address)) throw UsageError("is not a host that can be connected to");
  return address;
}

}  // namespace

Command invite_command() {
  const auto options = std::make_shared<InviteOptions>();
  return {
      .name = "invite",
      .summary = "Invite a machine: print the command that it has to run",
      .options =
          {{.names = "NAME",
            .value = "",
            .help = "The name that this machine gives the client",
            .set = [=](const std::string& text) { options->name = text; },
            .is_required = true},
           {.names = "--ttl",
            .value = "TIME",
            .help = "How long the invite is valid, with a unit, 1s to 365d (default 15m)",
            .set =
                [=](const std::string& text) {
                  options->ttl = parse_time(text, std::chrono::seconds(1), std::chrono::days(365),
                                            TimeUnit::Required);
                }},
           {.names = "--host",
            .value = "HOST[:PORT]",
            .help = "How the client reaches this machine (default: its host name and 8676)",
            .set = [=](const std::string& text) { options->host = parse_server_address(text); }},
           state_dir_option(options->state_dir)},
      .run = [=] { return invite(*options); }};
}

Command clients_command() {
  const auto options = std::make_shared<ListOptions>();
  return {.name = "clients",
          .summary = "List the clients that are enrolled here",
          .options = list_options(*options),
          .run =
              [=] {
                const net::Trust trust(net::PrivateFolder(state_dir(options->state_dir)));
                const auto clients = trust.clients();
                print(options->is_json ? to_json(clients) : to_table(clients));
                say_broken_lines(trust.broken_client_lines());
                return ExitCode::Done;
              },
          .alias = "list"};
}

Command revoke_command() {
  const auto options = std::make_shared<ArgumentOptions>();
  return {.name = "revoke",
          .summary = "Refuse a client from now on and end its connections",
          .options = argument_options(*options, "NAME", "The client's name"),
          .run = [=] {
            net::Trust trust(net::PrivateFolder(state_dir(options->state_dir)));
            if (!trust.revoke(options->argument)) {
              throw Failure(
                  ExitCode::Failure,
                  fmt::format("there is no client '{}'; `topnet trust clients` lists them",
                              proc::escape(options->argument)));
            }
            return ExitCode::Done;
          }};
}

}  // namespace topnet::cmd
