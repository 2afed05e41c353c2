#include "cmd/fetch.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

#include "cmd/failure.h"
#include "cmd/output.h"
#include "cmd/ranking_options.h"
#include "cmd/signals.h"
#include "cmd/state_dir.h"
#include "cmd/values.h"
#include "net/client.h"
#include "net/random_id.h"
#include "net/socket.h"
#include "net/tls.h"
#include "proc/escape.h"
#include "proc/ranking.h"

namespace topnet::cmd {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

constexpr std::uint16_t kDefaultPort = 8676;
constexpr seconds kLongestTime{3600};

struct FetchOptions {
  RankingOptions ranking;
  net::HostPort server{.host = "127.0.0.1", .port = kDefaultPort};
  std::chrono::milliseconds hold{0};
  std::chrono::milliseconds connect_timeout{5000};
  std::chrono::milliseconds max_time{30000};
  std::optional<net::Pin> pin;
  bool uses_tls = true;
  bool allows_unsafe_plaintext = false;
  std::string state_dir;
};

// A connection to the server, ready for frames.
struct Connection {
  proc::UniqueFd socket;
  std::optional<net::TlsContext> context;
  std::unique_ptr<net::Stream> stream;
};

std::vector<sockaddr_storage> resolve(const FetchOptions& options) {
  auto addresses = net::resolve(options.server, net::Purpose::Connecting);
  if (!options.uses_tls && !options.allows_unsafe_plaintext) {
    for (const sockaddr_storage& address : addresses) {
      if (net::is_loopback(address)) continue;
      throw UsageError(
          fmt::format("--no-tls to {} would show the report to the network; leave it out, or give "
                      "--unsafe-plaintext too",
                      proc::escape(net::to_string(options.server))));
    }
  }
  return addresses;
}

Connection connect(const FetchOptions& options) {
  const net::Deadline deadline = Clock::now() + options.connect_timeout;
  Connection connection;
  const std::filesystem::path state = options.uses_tls ? state_dir(options.state_dir) : "";
  if (options.uses_tls) {
    const net::Identity identity = net::load_identity(state);
    connection.context.emplace(
        net::TlsContext::client(identity, {options.pin.value_or(identity.pin)}));
  }
  connection.socket = net::connect_to(resolve(options), deadline);
  if (!options.uses_tls) {
    connection.stream = std::make_unique<net::SocketStream>(connection.socket.raw());
    return connection;
  }
  try {
    connection.stream =
        std::make_unique<net::TlsStream>(*connection.context, connection.socket.raw(), deadline);
  } catch (const net::UntrustedKeyError& error) {
    throw Failure(
        ExitCode::Untrusted,
        fmt::format("the server shows the key {}, which is not {}; state directory {}; to trust it "
                    "for this call, compare it with `topnet trust show` there and add --pin {}",
                    error.seen(), options.pin ? "the one of --pin" : "this machine's own",
                    proc::escape(state.native()), error.seen()));
  }
  return connection;
}

net::Top own_top(const proc::SortKey key) {
  const proc::Report report = proc::rank({.count = 1, .key = key});
  const proc::Process& busiest = report.processes.front();
  return {.id = net::random_id(),
          .host = report.host.name,
          .pid = busiest.pid,
          .name = busiest.name,
          .user_ticks = busiest.user_ticks,
          .system_ticks = busiest.system_ticks,
          .clock_ticks_per_second = report.clock_ticks_per_second};
}

// What happens once the report is safe.
void report_back(net::Client& client, const FetchOptions& options, net::Deadline deadline) {
  const net::Top top = own_top(options.ranking.key);
  client.send_top(top, deadline);
  const bool is_file = options.ranking.out != "-";
  say(fmt::format("{}{}sent top process {} ({}), {} user + {} system ticks",
                  is_file ? "stored " + proc::escape(options.ranking.out) : "", is_file ? ", " : "",
                  top.name, top.pid, top.user_ticks, top.system_ticks));
  if (options.hold.count() > 0) {
    try {
      client.hold(Clock::now() + options.hold);
    } catch (const std::exception& error) {
      // The exchange is complete, so this is news and no failure.
      say(fmt::format("the server ended the hold: {}", error.what()));
      return;
    }
  }
  client.finish(Clock::now() + seconds(1));
}

// An exception of any kind, as one that says which server it was about.
[[noreturn]] void fail(const FetchOptions& options, const std::exception& error,
                       const char* what_holds) {
  const ExitCode code = exit_code_of(error);
  if (code == ExitCode::Usage || code == ExitCode::LocalFile) throw;
  throw Failure(code,
                fmt::format("fetch from {}: {}{}", proc::escape(net::to_string(options.server)),
                            error.what(), what_holds));
}

ExitCode run(const FetchOptions& options) {
  end_on_interrupt();
  if (options.pin && !options.uses_tls) throw UsageError("--pin needs TLS; leave out --no-tls");
  Output output(options.ranking.out);
  const char* what_holds = "";
  try {
    const Connection connection = connect(options);
    const net::Deadline deadline = Clock::now() + options.max_time;
    net::Client client(*connection.stream);
    client.fetch_report(
        {.count = options.ranking.count,
         .key = options.ranking.key,
         .format = options.ranking.format,
         .hold = options.hold},
        [&](std::string_view bytes) { output.write(bytes); }, deadline);
    output.commit();
    what_holds = "; the report is stored";
    report_back(client, options, deadline);
  } catch (const std::exception& error) {
    fail(options, error, what_holds);
  }
  return ExitCode::Done;
}

net::HostPort parse_server(const std::string& text) {
  const auto server = net::parse_host_port(text, kDefaultPort);
  if (!server || server->port == 0) {
    throw UsageError("is not HOST or HOST:PORT, with a port from 1 to 65535");
  }
  return *server;
}

net::Pin parse_pin(const std::string& text) {
  const auto pin = net::parse_pin(text);
  if (!pin) throw UsageError("is not SHA256: and 43 characters, as `topnet trust show` prints it");
  return *pin;
}

}  // namespace

Command fetch_command() {
  const auto options = std::make_shared<FetchOptions>();
  std::vector<Option> table = ranking_options(options->ranking);
  table.push_back({.names = "server",
                   .value = "HOST[:PORT]",
                   .help = "The server (127.0.0.1:8676); an IPv6 address in brackets",
                   .set = [=](const std::string& text) { options->server = parse_server(text); }});
  table.push_back({.names = "--hold",
                   .value = "SECONDS",
                   .help = "Keep the connection open that long before closing it (0)",
                   .set = [=](const std::string& text) {
                     options->hold = parse_seconds(text, seconds(0), kLongestTime);
                   }});
  table.push_back({.names = "--connect-timeout",
                   .value = "SECONDS",
                   .help = "For connecting, the handshake included (5)",
                   .set = [=](const std::string& text) {
                     options->connect_timeout = parse_seconds(text, seconds(0), kLongestTime);
                   }});
  table.push_back({.names = "--max-time",
                   .value = "SECONDS",
                   .help = "For the whole exchange, the hold not counted (30)",
                   .set = [=](const std::string& text) {
                     options->max_time = parse_seconds(text, seconds(0), kLongestTime);
                   }});
  table.push_back({.names = "--pin",
                   .value = "SHA256:...",
                   .help = "Trust exactly this key, for this call",
                   .set = [=](const std::string& text) { options->pin = parse_pin(text); }});
  table.push_back({.names = "--tls",
                   .value = "",
                   .help = "Speak TLS (the default)",
                   .set = [=](const std::string&) { options->uses_tls = true; }});
  table.push_back({.names = "--no-tls",
                   .value = "",
                   .help = "Speak plaintext, to a loopback address only",
                   .set = [=](const std::string&) { options->uses_tls = false; }});
  table.push_back({.names = "--unsafe-plaintext",
                   .value = "",
                   .help = "With --no-tls: to any address",
                   .set = [=](const std::string&) { options->allows_unsafe_plaintext = true; }});
  table.push_back(state_dir_option(options->state_dir));
  return {.name = "fetch",
          .summary = "Fetch a server's ranking, and send it this machine's busiest process",
          .options = std::move(table),
          .run = [=] { return run(*options); }};
}

}  // namespace topnet::cmd
