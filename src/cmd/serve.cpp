#include "cmd/serve.h"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "cmd/failure.h"
#include "cmd/reports.h"
#include "cmd/serve_options.h"
#include "cmd/signals.h"
#include "cmd/state_dir.h"
#include "cmd/values.h"
#include "net/server.h"
#include "net/socket.h"
#include "proc/host.h"
#include "proc/sampler.h"
#include "proc/self.h"
#include "proc/visibility.h"
#include "web/http_server.h"
#include "web/pages.h"

namespace topnet::cmd {
namespace {

using std::chrono::seconds;

constexpr seconds kDrainTime{10};

// A listening socket and the address that it got.
struct Listener {
  proc::UniqueFd socket;
  std::string address;
  bool is_loopback = false;
};

// `option` is the one that names the address.
Listener listen_on(const net::HostPort& address, const char* option) {
  try {
    Listener listener{net::listen_on(net::resolve(address, net::Purpose::Listening).front()), {}};
    const sockaddr_storage local = net::local_address(listener.socket.raw());
    listener.address = net::to_string(net::to_host_port(local));
    listener.is_loopback = net::is_loopback(local);
    return listener;
  } catch (const net::ConnectionError& error) {
    throw UsageError(fmt::format("{}: {}; give a numeric address", option, error.what()));
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::address_in_use) throw;
    throw Failure(ExitCode::Failure,
                  fmt::format("{}; choose another one with {}", error.what(), option));
  }
}

// Both families where the machine has both.
Listener listen_everywhere() {
  try {
    return listen_on({.host = "::", .port = kDefaultPort}, "--listen");
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::address_family_not_supported) throw;
    return listen_on({.host = "0.0.0.0", .port = kDefaultPort}, "--listen");
  }
}

Listener listen_for_clients(const ServeOptions& options) {
  if (options.transport.uses_tls()) {
    return options.listen ? listen_on(*options.listen, "--listen") : listen_everywhere();
  }
  const net::HostPort address =
      options.listen.value_or(net::HostPort{.host = "127.0.0.1", .port = kDefaultPort});
  Listener listener = listen_on(address, "--listen");
  if (!options.transport.allows_unsafe_plaintext && !listener.is_loopback) {
    throw UsageError(fmt::format(
        "--no-tls on {} would show reports to the network; listen on a loopback address, or give "
        "--unsafe-plaintext too",
        net::to_string(address)));
  }
  return listener;
}

// nullopt where there is to be no status port.
std::optional<Listener> listen_for_browsers(const ServeOptions& options) {
  if (!options.http) return std::nullopt;
  Listener listener = listen_on(*options.http, "--http");
  if (!listener.is_loopback) {
    throw UsageError(
        fmt::format("--http {} would show the status to the network; give a loopback address",
                    net::to_string(*options.http)));
  }
  return listener;
}

void say_exchange(const net::Exchange& exchange) {
  say(fmt::format("{} {}: top {} in {}; its top {} ({}), {} user + {} system ticks",
                  exchange.client.value_or("-"), exchange.peer, exchange.request.count,
                  exchange.report.native(), exchange.top.name, exchange.top.pid,
                  exchange.top.user_ticks, exchange.top.system_ticks));
}

net::ServerOptions server_options(const ServeOptions& options, const net::Pin& own,
                                  Reports& reports) {
  return {.max_clients = options.max_clients,
          .client_name = [own](const net::Pin& pin) -> std::optional<std::string> {
            if (pin == own) return "local";
            return std::nullopt;
          },
          .make_report = [&](const net::ReportRequest& request) { return reports.make(request); },
          .exchange_done = say_exchange};
}

web::ServerInfo describe(const ServeOptions& options, const std::string& address) {
  using namespace std::chrono;
  return {.version = TOPNET_VERSION,
          .host = proc::read_host("/proc").name,
          .pid = ::getpid(),
          .started = floor<milliseconds>(system_clock::now()),
          .uses_tls = options.transport.uses_tls(),
          .listen = address};
}

ExitCode run(const ServeOptions& options) {
  check(options.transport);
  // Blocked in every thread that is started from here on; main waits for them.
  const sigset_t ends = block_end_signals();
  const std::filesystem::path state = state_dir(options.state_dir);
  const net::Identity identity = net::load_identity(state);
  proc::Sampler sampler("/proc", options.method);
  Reports reports(state / "reports", sampler);
  Listener listener = listen_for_clients(options);
  std::optional<Listener> http_listener = listen_for_browsers(options);
  std::optional<net::TlsContext> tls;
  if (options.transport.uses_tls()) tls.emplace(net::TlsContext::server(identity));

  const web::ServerInfo info = describe(options, listener.address);
  net::Connections connections;
  net::Server server(std::move(listener.socket), std::move(tls),
                     server_options(options, identity.pin, reports), connections);
  const auto status = [&] {
    return web::Status{.server = info,
                       .exchange = connections.snapshot(),
                       .work = {.scans = sampler.scans(),
                                .open_files = proc::count_open_files(),
                                .threads = proc::count_threads()}};
  };
  std::optional<web::HttpServer> http;
  if (http_listener) {
    http.emplace(std::move(http_listener->socket), web::pages(status),
                 web::HttpServerOptions{.host_names = options.http_hosts},
                 connections.accept_errors());
  }
  if (options.transport.uses_tls()) say("pin " + identity.pin);
  say(fmt::format("serving {} on {}", options.transport.uses_tls() ? "TLS" : "plaintext",
                  info.listen));
  if (http) say(fmt::format("status page http://{}/status", http_listener->address));

  if (const auto hidden = proc::hidden_because("/proc", 0)) {
    say("not every process can be seen: " + *hidden);
  }

  wait_for(ends);
  // A second signal ends at once, and not in an orderly way.
  unblock_end_signals(ends);
  server.shut_down(kDrainTime);
  sampler.stop();
  return ExitCode::Done;
}

}  // namespace

Command serve_command() {
  const auto options = std::make_shared<ServeOptions>();
  return {.name = "serve",
          .summary = "Answer clients that ask for this machine's ranking",
          .options = serve_options(*options),
          .run = [=] { return run(*options); }};
}

}  // namespace topnet::cmd
