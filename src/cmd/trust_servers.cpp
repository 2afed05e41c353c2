#include "cmd/trust_commands.h"

#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "base/escape.h"
#include "base/timestamp.h"
#include "cmd/command_error.h"
#include "cmd/option_values.h"
#include "cmd/output.h"
#include "cmd/prompt_for_trust.h"
#include "cmd/signals.h"
#include "cmd/state_dir.h"
#include "cmd/trust_options.h"
#include "net/protocol/client.h"
#include "net/trust/trust_lists.h"
#include "net/trust/trust_store.h"
#include "net/trust/trusted_connection.h"

namespace topnet::cmd {
namespace {

using Servers = std::vector<net::KnownServer>;

constexpr std::chrono::seconds kJoinTimeout{10};

// Reads the invite from `text`, or if that is "-", from the first line of standard input. Also
// accepts the complete command that `topnet trust invite` prints, with its quotes.
net::InviteCode read_invite(std::string text) {
  if (text == "-") std::getline(std::cin, text);
  const std::string_view blanks = " \t\r";
  text.erase(0, text.find_first_not_of(blanks));
  text.erase(text.find_last_not_of(blanks) + 1);
  const std::string_view command = "topnet trust join ";
  if (text.starts_with(command)) text.erase(0, command.size());
  if (text.size() > 1 && text.starts_with('\'') && text.ends_with('\'')) {
    text = text.substr(1, text.size() - 2);
  }
  const auto code = net::parse_invite_code(text);
  if (!code) {
    throw UsageError(
        "this is not an invite; copy topnet1/HOST:PORT/PIN/SECRET from the output of `topnet trust "
        "invite` on the server");
  }
  return *code;
}

// Throws CommandError if the server is known by another key. An invite does not replace a known
// key.
void require_unchanged(const net::InviteCode& code, const std::string& directory) {
  for (const net::KnownServer& known : net::TrustStore(open_state_dir(directory)).servers()) {
    if (known.address != code.address || known.pin == code.pin || known.next == code.pin) continue;
    throw CommandError(
        ExitCode::Untrusted,
        fmt::format("join {}: the server's key was {}, recorded {}, but the invite is for the key "
                    "{}. If the server's user confirms the new key, run `topnet trust "
                    "forget {}` and join again",
                    code.address, known.pin, base::format_time(known.since), code.pin,
                    base::quote_for_shell(code.address)));
  }
}

// Returns the name that the server gave this machine.
std::string join(net::Client client, const net::InviteCode& code, net::Deadline deadline) {
  try {
    return client.join({.secret = code.secret, .server = code.pin}, deadline);
  } catch (const net::TimeoutError&) {
    throw net::TimeoutError("timed out waiting for the server's answer; try again");
  } catch (const net::ConnectionError& error) {
    throw net::ConnectionError(fmt::format("the connection broke: {}; try again", error.what()));
  }
}

void enrol(net::TrustedConnection& connection, const net::InviteCode& code) {
  net::Client client(connection.stream());
  const net::Deadline deadline = std::chrono::steady_clock::now() + kJoinTimeout;
  try {
    const std::string name = join(client, code, deadline);
    connection.remember(code.address);
    log_line(fmt::format("enrolled at {} as {}; next, run `topnet fetch {}`", code.address, name,
                         base::quote_for_shell(code.address)));
  } catch (const std::exception&) {
    client.finish(deadline);
    throw;
  }
  client.finish(deadline);
}

ExitCode join(const ArgumentOptions& options) {
  const net::InviteCode code = read_invite(options.argument);
  require_unchanged(code, options.state_dir);
  exit_on_sigint();
  bool is_connected = false;
  try {
    net::TrustedConnection connection(
        {.server = net::parse_host_port(code.address).value_or(net::HostPort{}),
         .pin = code.pin,
         .pin_origin = "the invite",
         .state_dir = state_dir(options.state_dir),
         .prompt = prompt_for_trust,
         .log = log_line});
    is_connected = true;
    enrol(connection, code);
  } catch (const std::exception& error) {
    const ExitCode exit_code = exit_code_of(error);
    if (exit_code == ExitCode::LocalFile) throw;
    const bool is_unreachable = exit_code == ExitCode::Unreachable && !is_connected;
    throw CommandError(
        exit_code, fmt::format("join {}: {}{}", code.address, error.what(),
                               is_unreachable ? ", or make the invite again with --host HOST:PORT"
                                              : next_step(error)));
  }
  return ExitCode::Done;
}

ExitCode forget(const ArgumentOptions& options) {
  const std::string address = base::escape(net::to_string(parse_host(options.argument)));
  net::TrustStore trust(open_state_dir(options.state_dir));
  const auto pin = trust.forget(address);
  if (!pin) {
    throw CommandError(
        ExitCode::Failure,
        fmt::format("there is no known server {}; run `topnet trust servers` to list the servers",
                    address));
  }
  log_line("forgot " + address);
  std::string others;
  for (const net::KnownServer& each : trust.servers()) {
    if (each.pin == pin) others += (others.empty() ? "" : ", ") + each.address;
  }
  if (!others.empty()) {
    log_line(
        fmt::format("its key is still trusted, since these addresses have it, too: {}; forget "
                    "each of them to stop trusting it",
                    others));
  }
  return ExitCode::Done;
}

}  // namespace

Command join_command() {
  const auto options = std::make_shared<ArgumentOptions>();
  return {
      .name = "join",
      .summary = "Enrol this machine at a server that has invited it",
      .options = argument_options(*options, "INVITE", "The invite; - reads it from standard input"),
      .run = [=] { return join(*options); }};
}

Command servers_command() {
  const auto options = std::make_shared<ListOptions>();
  return {.name = "servers",
          .summary = "List the servers that this machine trusts",
          .options = list_options(*options),
          .run = [=] {
            if (!has_state_dir(options->state_dir)) {
              print(options->is_json ? to_json(Servers{}) : to_table(Servers{}));
              return ExitCode::Done;
            }
            const net::TrustStore trust(open_state_dir(options->state_dir));
            const auto servers = trust.servers();
            print(options->is_json ? to_json(servers) : to_table(servers));
            for (const std::string& line : trust.broken_server_lines()) log_line(line);
            return ExitCode::Done;
          }};
}

Command forget_command() {
  const auto options = std::make_shared<ArgumentOptions>();
  return {.name = "forget",
          .summary = "Stop trusting a server",
          .options = argument_options(*options, "HOST", std::string("The server: ") + kHostForms),
          .run = [=] { return forget(*options); }};
}

}  // namespace topnet::cmd
