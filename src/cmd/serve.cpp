#include "cmd/commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <system_error>
#include <utility>
#include <variant>

#include "base/escape.h"
#include "base/files/file_error.h"
#include "base/files/instance_lock.h"
#include "base/log_limiter.h"
#include "cmd/command_error.h"
#include "cmd/fd_limit.h"
#include "cmd/followed_files.h"
#include "cmd/listener.h"
#include "cmd/option_values.h"
#include "cmd/sandbox.h"
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
// After a crash, the times of last reports come from the database, which has those of the newest
// 1000 clients.
constexpr seconds kSaveInterval{10};

// Connects the server with trust, reports and the log.
class ServeDelegate final : public net::ServerDelegate {
 public:
  ServeDelegate(net::ServerAuth& auth, SharedReports& reports,
                net::ClientReportStore& client_reports, net::LastReports& last_reports,
                base::LogLimiter& refused_keys, base::LogLimiter& failed_handshakes)
      : auth_(auth),
        reports_(reports),
        client_reports_(client_reports),
        last_reports_(last_reports),
        refused_keys_(refused_keys),
        failed_handshakes_(failed_handshakes) {}

  std::shared_ptr<const net::TlsContext> tls() override { return auth_.tls(); }
  std::optional<std::string> client_name(const net::Pin& pin) override {
    return auth_.client_name(pin);
  }
  std::variant<net::Joined, net::Refusal> join(const net::JoinRequest& request,
                                               const net::SessionPeer& peer) override {
    return auth_.join(request, peer);
  }
  std::optional<net::Pin> next_pin() override { return auth_.next_pin(); }
  void learned(const net::SessionPeer& peer, const net::Pin& next) override {
    auth_.record_learned(peer, next);
  }
  std::shared_ptr<const net::ReportFile> make_report(const net::ReportRequest& request,
                                                     const net::WaitUntil& wait) override {
    return reports_.make(request, wait);
  }
  bool keep_report(const net::ClientReport& report) override {
    const bool is_new = client_reports_.keep(report);
    if (is_new) last_reports_.record(report);
    return is_new;
  }
  void exchange_done(const net::Exchange& exchange) override {
    log_line(fmt::format(
        "{} {}: sent the top {} ({}); its busiest process is {} ({}), {} user + "
        "{} system ticks",
        exchange.client.value_or("-"), exchange.peer, exchange.request.count,
        base::escape(exchange.report.native()), exchange.busiest.name, exchange.busiest.pid,
        exchange.busiest.user_ticks, exchange.busiest.system_ticks));
  }
  void not_enrolled(const net::SessionPeer& peer) override {
    const std::string pin = peer.pin.value_or("-");
    refused_keys_.log(pin, fmt::format("refused {}, since its key {} is not enrolled; to enrol it, "
                                       "use `topnet trust invite NAME`",
                                       peer.peer, pin));
  }
  void handshake_failed(const std::string& peer, const std::string& why) override {
    const std::string host = peer.substr(0, peer.rfind(':'));
    failed_handshakes_.log(host, fmt::format("the TLS handshake with {} failed: {}", peer, why));
  }
  void failed(const net::SessionPeer& peer, const std::string& why) override {
    log_line(fmt::format("{} {}: {}", peer.client.value_or("-"), peer.peer, why));
  }

 private:
  net::ServerAuth& auth_;
  SharedReports& reports_;
  net::ClientReportStore& client_reports_;
  net::LastReports& last_reports_;
  base::LogLimiter& refused_keys_;
  base::LogLimiter& failed_handshakes_;
};

web::ServerInfo server_info(const ServeOptions& options, const proc::Host& host,
                            const std::vector<Listener>& listeners) {
  using namespace std::chrono;
  std::vector<std::string> addresses;
  for (const Listener& each : listeners) addresses.push_back(each.address);
  return {.version = TOPNET_VERSION,
          .host = host.name,
          .pid = ::getpid(),
          .started = base::now(),
          .uses_tls = options.transport.uses_tls(),
          .listen = std::move(addresses)};
}

// The names that clients may have now; only "local" if the file cannot be read.
std::set<std::string> client_names(net::ServerAuth& auth) {
  try {
    return auth.client_names();
  } catch (const base::FileError&) {
    return {net::kLocal};  // has_changed() reports it.
  }
}

// Logs an error once. `last_error` is the last logged one.
void save_last_reports(net::LastReports& last_reports, net::ServerAuth& auth,
                       std::string& last_error) {
  try {
    last_reports.save(auth.client_names());
    last_error.clear();
  } catch (const std::exception& error) {
    if (std::exchange(last_error, error.what()) != error.what()) log_line(error.what());
  }
}

// Disconnects clients that have been revoked since the last call. If a trust file cannot be read,
// open connections stay, and the error is logged once. `last_error` is the last logged one.
void poll_trust_changes(net::ServerAuth& auth, net::Server& server, std::string& last_error) {
  try {
    server.reap_threads();
    server.disconnect_revoked();
    if (auth.has_changed()) server.check_enrolments();
    last_error.clear();
  } catch (const std::exception& error) {
    auth.forget_version();
    if (std::exchange(last_error, error.what()) != error.what()) log_line(error.what());
  }
}

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

ExitCode run(const ServeOptions& options) {
  validate(options.transport);
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
  web::HttpServerOptions http_options;
  http_options.access = {.host_names = options.http_hosts, .token = files.token()};
  if (options.http_tls) http_options.tls = [&] { return auth.web_tls(); };

  // Before the first thread starts, so that the signals are blocked in every thread.
  block_termination_signals();
  enter_sandbox(state.path(), options.proc_root);

  const web::ServerInfo info = server_info(options, scanner.host(), listeners);
  net::Connections connections;
  net::ResourceErrors resource_errors(log_line);
  base::LogLimiter refused_keys(log_line, "refused clients");
  base::LogLimiter failed_handshakes(log_line, "failed TLS handshakes");
  http_options.handshake_failed = [&](const std::string& host, const std::string& why) {
    failed_handshakes.log(
        "http " + host,
        fmt::format("the TLS handshake with {} at the status port failed: {}", host, why));
  };
  ServeDelegate delegate(auth, reports, client_reports, last_reports, refused_keys,
                         failed_handshakes);
  std::vector<base::UniqueFd> sockets;
  for (Listener& each : listeners) sockets.push_back(std::move(each.socket));
  net::Server server(std::move(sockets),
                     {.uses_tls = options.transport.uses_tls(),
                      .max_clients = clients_within_fd_limit(options.max_clients)},
                     delegate, connections, resource_errors);
  std::optional<proc::CpuMonitor> monitor;
  const auto status = [&] {
    return web::Status{.time = base::now(),
                       .server = info,
                       .exchange = connections.snapshot(),
                       .reports = client_reports.newest(),
                       .clients = client_reports.clients(),
                       .last_report_times = {},
                       .host = monitor->latest(),
                       .stats = {.scans = scanner.scans(),
                                 .accept_errors = resource_errors.accept_errors(),
                                 .thread_errors = resource_errors.thread_errors(),
                                 .open_files = proc::count_open_files(),
                                 .threads = proc::count_threads(),
                                 .self = proc::read_self_stats()}};
  };
  const auto metrics = [&] {
    web::Status now = status();
    const std::set<std::string> enrolled = client_names(auth);
    for (const auto& [client, last] : last_reports.by_client()) {
      if (enrolled.contains(client)) now.last_report_times[client] = last.time;
    }
    return now;
  };
  std::optional<web::HttpServer> http;
  if (http_listener) {
    monitor.emplace(options.proc_root, options.scan_mode,
                    proc::MonitorOptions{.groups = options.metric_groups});
    http.emplace(std::move(http_listener->socket), web::status_routes(status, metrics),
                 std::move(http_options), resource_errors);
  }
  log_startup(options, auth, info.listen, http_listener ? http_listener->address : "");

  std::string last_error;
  web::HttpServer* const http_server = http ? &*http : nullptr;
  std::string last_save_error;
  auto next_save = std::chrono::steady_clock::now() + kSaveInterval;
  const auto poll = [&] {
    files.poll(auth, http_server);
    poll_trust_changes(auth, server, last_error);
    refused_keys.log_omitted();
    failed_handshakes.log_omitted();
    if (const auto now = std::chrono::steady_clock::now(); now >= next_save) {
      next_save = now + kSaveInterval;
      save_last_reports(last_reports, auth, last_save_error);
    }
  };
  for (;;) {
    const auto signal = wait_for_signal(kPollInterval);
    if (signal && signal != SIGHUP) break;
    if (signal) {
      log_line("SIGHUP: reading certificate, key, CA and token again");
      files.reload(auth, http_server);
    }
    poll();
  }
  // A second signal ends the process without waiting for open exchanges.
  unblock_termination_signals();
  server.shut_down(kDrainTime, {.every = kPollInterval, .action = poll});
  save_last_reports(last_reports, auth, last_save_error);
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
