#include "cmd/serve.h"

#include <fmt/format.h>

#include <csignal>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "cmd/failure.h"
#include "cmd/signals.h"
#include "cmd/state_dir.h"
#include "net/server.h"
#include "net/socket.h"
#include "proc/number.h"
#include "proc/ranking.h"

namespace topnet::cmd {
namespace {

using std::chrono::seconds;

constexpr std::uint16_t kDefaultPort = 8676;
constexpr seconds kDrainTime{10};

struct ServeOptions {
  std::optional<net::HostPort> listen;
  std::size_t max_clients = 1024;
  bool uses_tls = true;
  bool allows_unsafe_plaintext = false;
  std::string state_dir;
};

proc::UniqueFd listen_on(const net::HostPort& address) {
  try {
    return net::listen_on(net::resolve(address, net::Purpose::Listening).front());
  } catch (const net::ConnectionError& error) {
    throw UsageError(fmt::format("--listen: {}; give a numeric address", error.what()));
  }
}

// Both families where the machine has both.
proc::UniqueFd listen_everywhere() {
  try {
    return listen_on({.host = "::", .port = kDefaultPort});
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::address_family_not_supported) throw;
    return listen_on({.host = "0.0.0.0", .port = kDefaultPort});
  }
}

proc::UniqueFd open_listener(const ServeOptions& options) {
  if (options.uses_tls) {
    return options.listen ? listen_on(*options.listen) : listen_everywhere();
  }
  const net::HostPort address =
      options.listen.value_or(net::HostPort{.host = "127.0.0.1", .port = kDefaultPort});
  proc::UniqueFd listener = listen_on(address);
  if (!options.allows_unsafe_plaintext && !net::is_loopback(net::local_address(listener.raw()))) {
    throw UsageError(fmt::format(
        "--no-tls on {} would show reports to the network; listen on a loopback address, or give "
        "--unsafe-plaintext too",
        net::to_string(address)));
  }
  return listener;
}

net::ReportFile make_report(net::ReportFiles& files, const net::ReportRequest& request) {
  const proc::Report report = proc::rank({.count = request.count, .key = request.key});
  return files.write(proc::print(report, request.format),
                     proc::word_for(request.format, proc::kFormats));
}

void say_exchange(const net::Exchange& exchange) {
  say(fmt::format("{} {}: top {} in {}; its top {} ({}), {} user + {} system ticks",
                  exchange.client.value_or("-"), exchange.peer, exchange.request.count,
                  exchange.report.native(), exchange.top.name, exchange.top.pid,
                  exchange.top.user_ticks, exchange.top.system_ticks));
}

ExitCode run(const ServeOptions& options) {
  // Blocked in every thread that is started from here on; main waits for them.
  const sigset_t ends = block_end_signals();
  const std::filesystem::path state = state_dir(options.state_dir);
  const net::Identity identity = net::load_identity(state);
  net::ReportFiles files(state / "reports");
  proc::UniqueFd listener = open_listener(options);
  const std::string address = net::to_string(net::to_host_port(net::local_address(listener.raw())));
  std::optional<net::TlsContext> tls;
  if (options.uses_tls) tls.emplace(net::TlsContext::server(identity));

  net::Connections connections;
  net::Server server(
      std::move(listener), std::move(tls),
      {.max_clients = options.max_clients,
       .client_name = [own = identity.pin](const net::Pin& pin) -> std::optional<std::string> {
         if (pin == own) return "local";
         return std::nullopt;
       },
       .make_report =
           [&](const net::ReportRequest& request) { return make_report(files, request); },
       .exchange_done = say_exchange},
      connections);
  if (options.uses_tls) say("pin " + identity.pin);
  say(fmt::format("serving {} on {}", options.uses_tls ? "TLS" : "plaintext", address));

  wait_for(ends);
  // A second signal ends at once, and not in an orderly way.
  unblock_end_signals(ends);
  server.shut_down(kDrainTime);
  return ExitCode::Done;
}

net::HostPort parse_address(const std::string& text) {
  const auto address = net::parse_host_port(text);
  if (!address) throw UsageError("is not ADDRESS:PORT, with a port from 0 to 65535");
  return *address;
}

std::size_t parse_clients(const std::string& text) {
  const auto number = proc::parse_number<std::size_t>(text);
  if (!number || *number < 1 || *number > 1000000) {
    throw UsageError("is not a whole number from 1 to 1000000");
  }
  return *number;
}

}  // namespace

Command serve_command() {
  const auto options = std::make_shared<ServeOptions>();
  return {
      .name = "serve",
      .summary = "Answer clients that ask for this machine's ranking",
      .options =
          {{.names = "--listen",
            .value = "ADDRESS:PORT",
            .help = "Where to listen ([::]:8676; with --no-tls 127.0.0.1:8676)",
            .set = [=](const std::string& text) { options->listen = parse_address(text); }},
           {.names = "--max-clients",
            .value = "N",
            .help = "How many clients are served at once (1024)",
            .set = [=](const std::string& text) { options->max_clients = parse_clients(text); }},
           {.names = "--tls",
            .value = "",
            .help = "Speak TLS (the default)",
            .set = [=](const std::string&) { options->uses_tls = true; }},
           {.names = "--no-tls",
            .value = "",
            .help = "Speak plaintext and serve everybody, on a loopback address only",
            .set = [=](const std::string&) { options->uses_tls = false; }},
           {.names = "--unsafe-plaintext",
            .value = "",
            .help = "With --no-tls: on any address",
            .set = [=](const std::string&) { options->allows_unsafe_plaintext = true; }},
           state_dir_option(options->state_dir)},
      .run = [=] { return run(*options); }};
}

}  // namespace topnet::cmd
