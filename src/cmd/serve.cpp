#include "cmd/serve.h"

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

#include "cmd/confinement.h"
#include "cmd/descriptors.h"
#include "cmd/doorkeeper.h"
#include "cmd/failure.h"
#include "cmd/http_options.h"
#include "cmd/listener.h"
#include "cmd/reports.h"
#include "cmd/serve_options.h"
#include "cmd/signals.h"
#include "cmd/state_dir.h"
#include "cmd/values.h"
#include "net/file_error.h"
#include "net/server.h"
#include "net/server_lock.h"
#include "net/socket.h"
#include "net/top_store.h"
#include "proc/escape.h"
#include "proc/host.h"
#include "proc/sampler.h"
#include "proc/self.h"
#include "proc/visibility.h"
#include "proc/watch.h"
#include "web/http_server.h"
#include "web/pages.h"

namespace topnet::cmd {
namespace {

using std::chrono::seconds;

constexpr seconds kDrainTime{10};
// How often it is looked whether a client has been revoked: it is told at one look, and gone by the
// next. At most a second may pass.
constexpr std::chrono::milliseconds kLookAgain{250};

// What the parts of the program answer to a server.
class ServeDelegate final : public net::ServerDelegate {
 public:
  ServeDelegate(Doorkeeper& doorkeeper, Reports& reports, net::TopStore& tops)
      : doorkeeper_(doorkeeper), reports_(reports), tops_(tops) {}

  std::shared_ptr<const net::TlsContext> tls() override { return doorkeeper_.tls(); }
  std::optional<std::string> client_name(const net::Pin& pin) override {
    return doorkeeper_.client_name(pin);
  }
  std::variant<net::Joined, net::Refusal> join(const net::JoinRequest& request,
                                               const net::SessionPeer& peer) override {
    return doorkeeper_.join(request, peer);
  }
  std::optional<net::Pin> next_pin() override { return doorkeeper_.next_pin(); }
  void learned(const net::SessionPeer& peer, const net::Pin& next) override {
    doorkeeper_.note_learned(peer, next);
  }
  std::shared_ptr<const net::ReportFile> make_report(const net::ReportRequest& request,
                                                     const net::WaitUntil& wait) override {
    return reports_.make(request, wait);
  }
  bool keep_top(const net::ReceivedTop& top) override { return tops_.keep(top); }
  void exchange_done(const net::Exchange& exchange) override {
    say(fmt::format("{} {}: top {} in {}; its top {} ({}), {} user + {} system ticks",
                    exchange.client.value_or("-"), exchange.peer, exchange.request.count,
                    proc::escape(exchange.report.native()), exchange.top.name, exchange.top.pid,
                    exchange.top.user_ticks, exchange.top.system_ticks));
  }
  void failed(const net::SessionPeer& peer, const std::string& why) override {
    say(fmt::format("{} {}: {}", peer.client.value_or("-"), peer.peer, why));
  }

 private:
  Doorkeeper& doorkeeper_;
  Reports& reports_;
  net::TopStore& tops_;
};

web::ServerInfo describe(const ServeOptions& options, const std::string& address) {
  using namespace std::chrono;
  return {.version = TOPNET_VERSION,
          .host = proc::read_host("/proc").name,
          .pid = ::getpid(),
          .started = proc::now(),
          .uses_tls = options.transport.uses_tls(),
          .listen = address};
}

// What is done at every look. Whoever has been revoked since the last one is cut off. A file that
// cannot be read lets nobody in, and ends nothing either; it is said once. `said` is what was said
// last.
void look_around(Doorkeeper& doorkeeper, net::Server& server, std::string& said) {
  try {
    server.tidy_up();
    server.cut_revoked();
    if (doorkeeper.has_changed()) server.check_enrolments();
    said.clear();
  } catch (const std::exception& error) {
    doorkeeper.look_again();
    if (std::exchange(said, error.what()) != error.what()) say(error.what());
  }
}

ExitCode run(const ServeOptions& options) {
  check(options.transport);
  const net::PrivateFolder state(state_dir(options.state_dir));
  const net::ServerLock lock(state, "serve.lock");
  Doorkeeper doorkeeper(state, options.transport);
  net::TopStore tops(state, "tops.db", options.keep, say);
  proc::Sampler sampler("/proc", options.method);
  Reports reports(state / "reports", sampler);
  Listener listener = listen_for_clients(options);
  std::optional<Listener> http_listener = listen_for_browsers(options);
  web::HttpServerOptions http_options = options_for_browsers(options, doorkeeper);

  // Blocked in every thread that is started from here on; main waits for them.
  const sigset_t ends = block_end_signals();
  confine(state.path());

  const web::ServerInfo info = describe(options, listener.address);
  net::Connections connections;
  net::Troubles troubles(say);
  ServeDelegate delegate(doorkeeper, reports, tops);
  net::Server server(std::move(listener.socket),
                     {.uses_tls = options.transport.uses_tls(),
                      .max_clients = clients_within_limits(options.max_clients)},
                     delegate, connections, troubles);
  std::optional<proc::Watch> watch;
  const auto status = [&] {
    return web::Status{.time = proc::now(),
                       .server = info,
                       .exchange = connections.snapshot(),
                       .tops = tops.newest(),
                       .clients = tops.clients(),
                       .heard = {},
                       .host = watch->look(),
                       .work = {.scans = sampler.scans(),
                                .accept_errors = troubles.accept_errors(),
                                .thread_errors = troubles.thread_errors(),
                                .open_files = proc::count_open_files(),
                                .threads = proc::count_threads(),
                                .own = proc::read_own_usage()}};
  };
  const auto metrics = [&] {
    web::Status now = status();
    now.heard = tops.heard();
    const std::set<std::string> enrolled = doorkeeper.client_names();
    std::erase_if(now.heard, [&](const auto& each) { return !enrolled.contains(each.first); });
    return now;
  };
  std::optional<web::HttpServer> http;
  if (http_listener) {
    watch.emplace("/proc", options.method, proc::WatchOptions{.groups = options.metric_groups});
    http.emplace(std::move(http_listener->socket), web::pages(status, metrics),
                 std::move(http_options), troubles);
  }
  if (options.transport.uses_tls()) say("pin " + doorkeeper.pin());
  if (const auto expiry = doorkeeper.expiry()) say("the certificate is good until " + *expiry);
  say(fmt::format("serving {} on {}", options.transport.uses_tls() ? "TLS" : "plaintext",
                  info.listen));
  if (http) {
    say(fmt::format("status page {}://{}/status", options.http_tls ? "https" : "http",
                    http_listener->address));
  }

  if (::geteuid() == 0)
    say("running as root, which serving does not need; a user of its own will do");
  if (const auto hidden = proc::hidden_because("/proc", 0)) {
    say("not every process can be seen: " + *hidden);
  }

  std::string said;
  const auto look = [&] { look_around(doorkeeper, server, said); };
  while (!wait_for(ends, kLookAgain)) look();
  // A second signal ends at once, and not in an orderly way.
  unblock_end_signals(ends);
  server.shut_down(kDrainTime, {.every = kLookAgain, .action = look});
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
