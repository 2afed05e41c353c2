#include "cmd/trust_servers.h"

#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "cmd/broken_lines.h"
#include "cmd/failure.h"
#include "cmd/output.h"
#include "cmd/server_connection.h"
#include "cmd/signals.h"
#include "cmd/state_dir.h"
#include "cmd/trust_options.h"
#include "cmd/values.h"
#include "net/client.h"
#include "net/trust.h"
#include "net/trust_list.h"
#include "proc/escape.h"
#include "proc/time_text.h"

namespace topnet::cmd {
namespace {

constexpr std::chrono::seconds kJoinTime{10};

// The invite that was given, or the first line of standard input. The whole line that `invite`
// prints will do.
net::InviteCode read_invite(std::string text) {
  if (text == "-") std::getline(std::cin, text);
  // As it is pasted.
  const std::string_view blanks = " \t\r";
  text.erase(0, text.find_first_not_of(blanks));
  text.erase(text.find_last_not_of(blanks) + 1);
  const std::string_view command = "topnet trust join ";
  if (text.starts_with(command)) text.erase(0, command.size());
  const auto code = net::parse_invite_code(text);
  if (!code) {
    throw UsageError(
        "this is no invite; it reads topnet1/HOST:PORT/PIN/SECRET, as `topnet trust invite` prints "
        "it on the server");
  }
  return *code;
}

// A key that has changed stops a join, too: an invite is no reason to forget the old one.
void require_unchanged(const net::InviteCode& code, const std::string& state) {
  for (const net::KnownServer& known : net::Trust(net::PrivateFolder(state_dir(state))).servers()) {
    if (known.address != code.address || known.pin == code.pin || known.next == code.pin) continue;
    throw Failure(
        ExitCode::Untrusted,
        fmt::format("join {0}: that server is known by another key: {1}, learned {2}, and "
                    "the invite is of {3}. If its user says that the new one is right, "
                    "run `topnet trust forget {0}` first",
                    code.address, known.pin, proc::format_time(known.since), code.pin));
  }
}

ExitCode join(const ArgumentOptions& options) {
  const net::InviteCode code = read_invite(options.argument);
  require_unchanged(code, options.state_dir);
  end_on_interrupt();
  try {
    ServerConnection connection(
        {.server = net::parse_host_port(code.address).value_or(net::HostPort{}),
         .transport = {},
         .pin = code.pin,
         .pin_origin = "the invite",
         .state_dir = options.state_dir});
    net::Client client(connection.stream());
    const net::Deadline deadline = std::chrono::steady_clock::now() + kJoinTime;
    const std::string name = client.join({.secret = code.secret, .server = code.pin}, deadline);
    connection.keep(code.address);
    say(fmt::format("{} knows this machine as {} now; try: topnet fetch {}", code.address, name,
                    code.address));
    try {
      client.finish(deadline);
    } catch (const std::exception&) {
      return ExitCode::Done;  // It is enrolled, however the connection ends.
    }
  } catch (const std::exception& error) {
    const ExitCode exit_code = exit_code_of(error);
    if (exit_code == ExitCode::LocalFile) throw;
    throw Failure(exit_code, fmt::format("join {}: {}", code.address, error.what()));
  }
  return ExitCode::Done;
}

}  // namespace

Command join_command() {
  const auto options = std::make_shared<ArgumentOptions>();
  return {
      .name = "join",
      .summary = "Enrol this machine at a server, by the server's invite",
      .options = argument_options(*options, "INVITE", "The invite; - reads it from standard input"),
      .run = [=] { return join(*options); }};
}

Command servers_command() {
  const auto options = std::make_shared<ListOptions>();
  return {.name = "servers",
          .summary = "List the servers that this machine trusts",
          .options = list_options(*options),
          .run = [=] {
            const net::Trust trust(net::PrivateFolder(state_dir(options->state_dir)));
            const auto servers = trust.servers();
            print(options->is_json ? to_json(servers) : to_table(servers));
            say_broken_lines(trust.broken_server_lines());
            return ExitCode::Done;
          }};
}

Command forget_command() {
  const auto options = std::make_shared<ArgumentOptions>();
  return {.name = "forget",
          .summary = "Stop trusting a server",
          .options = argument_options(*options, "HOST", "The server: HOST or HOST:PORT"),
          .run = [=] {
            const auto address = net::parse_host_port(options->argument, kDefaultPort);
            const std::string known =
                proc::escape(address ? net::to_string(*address) : options->argument);
            net::Trust trust(net::PrivateFolder(state_dir(options->state_dir)));
            if (!trust.forget(known)) {
              throw Failure(
                  ExitCode::Failure,
                  fmt::format("{} is not known; `topnet trust servers` lists who is", known));
            }
            return ExitCode::Done;
          }};
}

}  // namespace topnet::cmd
