#include "cmd/trust_commands.h"

#include <fmt/format.h>

#include <memory>

#include "base/escape.h"
#include "base/timestamp.h"
#include "cmd/command_error.h"
#include "cmd/option_values.h"
#include "cmd/output.h"
#include "cmd/state_dir.h"
#include "cmd/trust_options.h"
#include "net/address.h"
#include "net/trust/key_ring.h"
#include "net/trust/trust_lists.h"
#include "net/trust/trust_store.h"
#include "proc/host.h"

namespace topnet::cmd {
namespace {

using Clients = std::vector<net::EnrolledClient>;

struct InviteOptions {
  std::string name;
  std::chrono::milliseconds ttl{std::chrono::minutes(15)};
  std::optional<std::string> host;
  std::string state_dir;
};

// Whether other machines may know this machine by `name`. A kernel without a host name shows
// "(none)", and one that was never set up shows "localhost".
bool is_usable_host_name(std::string_view name) {
  constexpr std::string_view allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
  const std::string_view first_label = name.substr(0, name.find('.'));
  return !name.empty() && name.find_first_not_of(allowed) == std::string_view::npos &&
         first_label != "localhost" && !name.ends_with(".localhost");
}

// The address at which clients probably reach this machine.
std::string own_address() {
  const std::string host = proc::read_host("/proc").name.value_or("");
  std::string address = net::to_string(net::HostPort{.host = host, .port = kDefaultPort});
  if (!is_usable_host_name(host) || !net::is_invite_address(address)) {
    throw UsageError(
        fmt::format("other machines cannot connect to the host name '{}' of this machine; add "
                    "--host HOST:PORT with an address that the client can reach",
                    host));
  }
  return address;
}

ExitCode invite(const InviteOptions& options) {
  const std::string address = options.host ? *options.host : own_address();
  const base::StateDirectory state = open_state_dir(options.state_dir);
  const net::Pin own = net::KeyRing(state).keys()->server_pin();
  const base::WallTime expires = base::now() + options.ttl;
  const std::string secret = net::TrustStore(state).invite(options.name, expires);
  print(fmt::format("topnet trust join {}\n",
                    base::quote_for_shell(to_text(
                        net::InviteCode{.address = address, .pin = own, .secret = secret}))));
  log_line(fmt::format(
      "run this command on {}; it works for one machine, until {}{}", options.name,
      base::format_time(expires),
      options.host ? "" : "; it connects to " + address + ", which --host HOST:PORT changes"));
  return ExitCode::Done;
}

std::string parse_server_address(const std::string& text) {
  std::string address = net::to_string(parse_host(text));
  if (!net::is_invite_address(address))
    throw UsageError("is not an address that clients can connect to");
  return address;
}

}  // namespace

Command invite_command() {
  const auto options = std::make_shared<InviteOptions>();
  return {
      .name = "invite",
      .summary = "Invite a client: print the command to run on that machine",
      .options =
          {{.names = "NAME",
            .value = "",
            .help = "The name for the client",
            .set =
                [=](const std::string& text) {
                  if (text.empty()) throw UsageError("is empty");
                  options->name = text;
                },
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
            .value = "HOST",
            .help =
                fmt::format("Address of this machine for the client: {} (default: the host name "
                            "and 8676)",
                            kHostForms),
            .set = [=](const std::string& text) { options->host = parse_server_address(text); }},
           state_dir_option(options->state_dir)},
      .run = [=] { return invite(*options); }};
}

Command clients_command(const std::string& name) {
  const auto options = std::make_shared<ListOptions>();
  return {.name = name,
          .summary = "List the clients that are enrolled here",
          .options = list_options(*options),
          .run = [=] {
            if (!has_state_dir(options->state_dir)) {
              print(options->is_json ? to_json(Clients{}) : to_table(Clients{}));
              return ExitCode::Done;
            }
            const net::TrustStore trust(open_state_dir(options->state_dir));
            const auto clients = trust.clients();
            print(options->is_json ? to_json(clients) : to_table(clients));
            for (const std::string& line : trust.broken_client_lines()) log_line(line);
            return ExitCode::Done;
          }};
}

Command revoke_command() {
  const auto options = std::make_shared<ArgumentOptions>();
  return {
      .name = "revoke",
      .summary = "Revoke a client's access and end its connections",
      .options = argument_options(*options, "NAME", "The client's name"),
      .run = [=] {
        net::TrustStore trust(open_state_dir(options->state_dir));
        if (!trust.revoke(options->argument)) {
          throw CommandError(
              ExitCode::Failure,
              fmt::format("there is no client '{}'; run `topnet trust clients` to list the clients",
                          base::escape(options->argument)));
        }
        log_line("revoked " + options->argument);
        return ExitCode::Done;
      }};
}

}  // namespace topnet::cmd
