#include "cmd/commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/files/file_error.h"
#include "base/files/instance_lock.h"
#include "cmd/command_error.h"
#include "cmd/fd_limit.h"
#include "cmd/followed_files.h"
#include "cmd/listener.h"
#include "cmd/option_values.h"
#include "cmd/sandbox.h"
#include "cmd/serve_delegate.h"
#include "cmd/serve_options.h"
#include "cmd/shared_reports.h"
#include "cmd/signals.h"
#include "cmd/state_dir.h"
#include "net/clients/client_report_store.h"
#include "net/clients/last_reports.h"
#include "net/server/server.h"
#include "net/server/server_auth.h"
#include "net/socket.h"
#include "proc/host.h"
#include "proc/report/cpu_monitor.h"
#include "proc/report/shared_scanner.h"
#include "proc/self_stats.h"
#include "proc/visibility.h"
#include "web/http_server.h"
#include "web/routes.h"

namespace topnet::cmd {
namespace {

using std::chrono::seconds;

constexpr seconds kDrainTime{10};
// A revoked client gets an error message at one poll, and is disconnected at the next if it is
// still connected. Together they must take less than a second.
constexpr std::chrono::milliseconds kPollInterval{250};

web::ServerInfo server_info(const ServeOptions& options, const proc::Host& host,
                            const std::vector<Listener>& listeners) {
  using namespace std::chrono;
  std::vector<std::string> addresses;
  addresses.reserve(listeners.size());
  for (const Listener& each : listeners) addresses.push_back(each.address);
  return {.version = TOPNET_VERSION,
          .host = host.name,
          .pid = ::getpid(),
          .started = base::now(),
          .uses_tls = options.transport.uses_tls(),
          .listen = std::move(addresses)};
}

// What `serve` does several times a second, in the thread that waits for signals. Logs an error
// once, until it is gone.
class PeriodicWork {
 public:
  PeriodicWork(net::ServerAuth& auth, net::Server& server, ServeDelegate& delegate)
      : auth_(auth), server_(server), delegate_(delegate) {}

  void run() {
    poll_trust_changes();
    delegate_.log_omitted();
  }

 private:
  // Disconnects clients that have been revoked. If a trust file cannot be read, open connections
  // stay.
  void poll_trust_changes() {
    try {
      server_.reap_threads();
      server_.disconnect_revoked();
      if (auth_.has_changed()) server_.check_enrolments();
      log_change(last_error_, "", "the enrolled clients can be read again");
    } catch (const std::exception& error) {
      auth_.forget_version();
      log_change(last_error_, error.what(), "");
    }
  }

  net::ServerAuth& auth_;
  net::Server& server_;
  ServeDelegate& delegate_;
  std::string last_error_;
};

// Collects the figures for the status port.
struct StatusSource {
  const web::ServerInfo& server;
  const net::Connections& connections;
  net::ClientReportStore& client_reports;
  net::LastReports& last_reports;
  net::ServerAuth& auth;
  proc::SharedScanner& scanner;
  proc::CpuMonitor& monitor;
  const net::ResourceErrors& resource_errors;

  web::Status status() const {
    return {.time = base::now(),
            .server = server,
            .exchange = connections.snapshot(),
            .reports = client_reports.newest(),
            .clients = client_reports.clients(),
            .last_report_times = {},
            .host = monitor.latest(),
            .stats = {.scans = scanner.scans(),
                      .accept_errors = resource_errors.accept_errors(),
                      .thread_errors = resource_errors.thread_errors(),
                      .open_files = proc::count_open_files(),
                      .threads = proc::count_threads(),
                      .self = proc::read_self_stats()}};
  }

  web::Status metrics() const {
    web::Status now = status();
    try {
      for (const auto& [client, last] : last_reports.by_client(auth.enrolled_since())) {
        now.last_report_times[client] = last.time;
      }
    } catch (const base::FileError&) {
      // PeriodicWork logs that the enrolled clients cannot be read.
    }
    return now;
  }
};

// `http_address` is empty if the status port is off.
void log_startup(const ServeOptions& options, net::ServerAuth& auth,
                 const std::vector<std::string>& addresses, const std::string& http_address) {
  const bool uses_tls = options.transport.uses_tls();
  if (uses_tls) log_line("pin " + auth.pin());
  if (const auto expiry = auth.expiry()) log_line("the certificate is valid until " + *expiry);
  for (const std::string& address : addresses) {
    log_line(fmt::format("serving {} on {}", uses_tls ? "TLS" : "plaintext", address));
  }
  if (!http_address.empty()) {
    log_line(fmt::format("status page {}://{}/status", options.http_tls ? "https" : "http",
                         http_address));
  }
  if (::geteuid() == 0) {
    log_line("running as root, which is not necessary; run the server as a user of its own");
  }
  if (const auto hidden = proc::visibility_limit(options.proc_root, 0)) {
    log_line("not every process can be seen: " + *hidden);
  }
}

// Until a signal ends the server.
void wait_for_end(FollowedFiles& files, net::ServerAuth& auth, web::HttpServer* http,
                  PeriodicWork& work) {
  for (;;) {
    const auto signal = wait_for_signal(kPollInterval);
    if (signal && signal != SIGHUP) return;
    if (signal) files.reload(auth, http);
    files.poll(auth, http);
    work.run();
  }
}

ExitCode run(const ServeOptions& options) {
  validate(options);
  block_reload_signal();
  const base::StateDirectory state = open_state_dir(options.state_dir);
  const base::InstanceLock lock(state, "serve.lock");
  FollowedFiles files(options);
  net::ServerAuth auth(state, options.transport.pki, log_line);
  net::ClientReportStore client_reports(state, "tops.db", options.keep, log_line);
  net::LastReports last_reports(state);
  for (const net::ClientReports& each : client_reports.clients()) last_reports.record(each.front());
  proc::SharedScanner scanner(options.proc_root, options.scan_mode);
  SharedReports reports(state / "reports", scanner);
  std::vector<Listener> listeners = listen_for_clients(options);
  std::optional<Listener> http_listener = listen_for_http(options);

  // Before the first thread starts, so that the signals are blocked in every thread.
  block_termination_signals();
  enter_sandbox(state.path(), options.proc_root);

  const web::ServerInfo info = server_info(options, scanner.host(), listeners);
  net::Connections connections;
  net::ResourceErrors resource_errors(log_line);
  ServeDelegate delegate(auth, reports, client_reports, last_reports);
  std::vector<base::UniqueFd> sockets;
  sockets.reserve(listeners.size());
  for (Listener& each : listeners) sockets.push_back(std::move(each.socket));
  net::Server server(std::move(sockets),
                     {.uses_tls = options.transport.uses_tls(),
                      .max_clients = clients_within_fd_limit(options.max_clients)},
                     delegate, connections, resource_errors);
  std::optional<proc::CpuMonitor> monitor;
  std::optional<StatusSource> source;
  std::optional<web::HttpServer> http;
  if (http_listener) {
    monitor.emplace(options.proc_root, options.scan_mode,
                    proc::MonitorOptions{.groups = options.metric_groups});
    source.emplace(StatusSource{info, connections, client_reports, last_reports, auth, scanner,
                                *monitor, resource_errors});
    web::HttpServerOptions http_options;
    http_options.access = {.host_names = options.accepted_http_hosts(), .token = files.token()};
    if (options.http_tls) http_options.tls = [&] { return auth.web_tls(); };
    http_options.handshake_failed = [&](const std::string& host, const std::string& why) {
      delegate.http_handshake_failed(host, why);
    };
    http.emplace(
        std::move(http_listener->socket),
        web::status_routes([&] { return source->status(); }, [&] { return source->metrics(); }),
        std::move(http_options), resource_errors);
  }
  log_startup(options, auth, info.listen, http_listener ? http_listener->address : "");

  web::HttpServer* const http_server = http ? &*http : nullptr;
  PeriodicWork work(auth, server, delegate);
  wait_for_end(files, auth, http_server, work);
  // A second signal ends the process without waiting for open exchanges.
  unblock_termination_signals();
  server.shut_down(kDrainTime, {.every = kPollInterval, .action = [&] {
                                  files.poll(auth, http_server);
                                  work.run();
                                }});
  delegate.save_last_reports();
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
