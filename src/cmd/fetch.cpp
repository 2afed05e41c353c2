#include "cmd/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "base/escape.h"
#include "base/files/file_error.h"
#include "cmd/command_error.h"
#include "cmd/fetch_options.h"
#include "cmd/local_busiest.h"
#include "cmd/output.h"
#include "cmd/prompt_for_trust.h"
#include "cmd/signals.h"
#include "cmd/state_dir.h"
#include "net/protocol/client.h"
#include "net/socket.h"
#include "net/tls/tls.h"
#include "net/trust/trusted_connection.h"

namespace topnet::cmd {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

constexpr std::chrono::milliseconds kReconnectInterval{100};
constexpr seconds kEndTimeout{1};  // for the server to end its side

std::chrono::milliseconds max_time(const FetchOptions& options) {
  return options.max_time.value_or(seconds(30) +
                                   options.ranking.delay.value_or(std::chrono::milliseconds(0)));
}

// Rethrows `error`, the current exception, with the server's name and the progress of the exchange.
// Errors of options and local files before any progress stay as they are: they do not concern the
// server.
[[noreturn]] void fail(const FetchOptions& options, const std::exception& error,
                       const char* progress) {
  const ExitCode code = exit_code_of(error);
  const bool is_local = code == ExitCode::Usage || code == ExitCode::LocalFile;
  if (is_local && *progress == '\0') throw;
  const bool may_need_tls =
      !options.transport.uses_tls() && dynamic_cast<const net::ProtocolError*>(&error) != nullptr;
  throw CommandError(
      code, fmt::format(
                "fetch from {}: {}{}{}", base::escape(net::to_string(options.server)), error.what(),
                may_need_tls ? "; check the address, and omit --no-tls if the server uses TLS"
                             : next_step(error),
                progress));
}

// A failure is only logged, since the server announces its next key in every exchange.
std::optional<net::Pin> record_next(net::TrustedConnection& connection,
                                    const std::optional<net::Pin>& next) {
  try {
    return connection.record_next(next);
  } catch (const base::FileError& error) {
    log_line(error.what());
    return std::nullopt;
  }
}

// One exchange with a server, from connecting to the end of the hold.
class Fetch {
 public:
  explicit Fetch(const FetchOptions& options)
      : options_(options), output_(options.ranking.out), deadline_(Clock::now()) {
    net::PkiFiles files = options.transport.pki;
    pki_ = load_pki(files);
  }

  // Throws if the exchange fails. progress() then says what was completed before.
  void run();
  // Ends the connection, also after a failure.
  void finish();
  // The end of an error message; empty if nothing was completed.
  const char* progress() const { return progress_; }

 private:
  void connect(std::chrono::milliseconds timeout);
  void reconnect();
  void exchange();
  void send_busiest(const net::BusiestProcess& busiest);
  void resend_busiest(const net::BusiestProcess& busiest);
  void hold();
  net::Client client() { return net::Client(connection_->stream()); }

  const FetchOptions& options_;
  Output output_;
  net::Pki pki_;
  std::optional<net::TrustedConnection> connection_;
  net::Deadline deadline_;  // of the exchange, then of the hold
  const char* progress_ = "";
};

void Fetch::run() {
  if (options_.transport.uses_tls()) open_state_dir(options_.state_dir);
  connect(options_.connect_timeout);
  try {
    exchange();
  } catch (const net::ConnectionError& error) {
    // The server was reached, so the status is not Unreachable: its answer is incomplete.
    throw CommandError(ExitCode::Protocol,
                       fmt::format("the connection broke: {}; try again", error.what()));
  } catch (const net::TimeoutError& error) {
    const std::chrono::duration<double> limit = max_time(options_);
    throw CommandError(ExitCode::Unreachable,
                       fmt::format("{} after {:g} s; allow more time with --max-time", error.what(),
                                   limit.count()));
  }
  deadline_ = Clock::now() + options_.hold + kEndTimeout;
  hold();
  finish();
}

void Fetch::connect(std::chrono::milliseconds timeout) {
  const TransportOptions& transport = options_.transport;
  const bool is_first = *progress_ == '\0';
  try {
    connection_.emplace(net::TrustedConnectionOptions{
        .server = options_.server,
        .uses_tls = transport.uses_tls(),
        .allows_unsafe_plaintext = transport.allows_unsafe_plaintext,
        .pki = pki_,
        .connect_timeout = timeout,
        .pin = options_.pin,
        .state_dir = transport.uses_tls() ? state_dir(options_.state_dir) : "",
        .prompt = prompt_for_trust,
        // A reconnection would only repeat the messages.
        .log = is_first ? log_line : [](const std::string&) {}});
  } catch (const net::TimeoutError& error) {
    throw CommandError(ExitCode::Unreachable,
                       fmt::format("{}, or allow more time with --connect-timeout", error.what()));
  } catch (const net::HandshakeError& error) {
    throw net::HandshakeError(
        fmt::format("{}, or add --no-tls if the server has it", error.what()));
  }
}

// Stores the report, then sends this machine's busiest process.
void Fetch::exchange() {
  deadline_ = Clock::now() + max_time(options_);
  LocalBusiest local_busiest(options_.ranking, options_.proc_root);
  const net::ReportEnd end = client().fetch_report(
      {.count = options_.ranking.count,
       .key = options_.ranking.key,
       .format = options_.ranking.format,
       .delay = options_.ranking.delay,
       .hold = options_.hold},
      [&](std::string_view bytes) { output_.write(bytes); }, deadline_);
  output_.commit();
  progress_ = "; the report is stored, but the server has not acknowledged the busiest process";
  const auto learned = record_next(*connection_, end.next_pin);
  net::BusiestProcess busiest = local_busiest.get(deadline_);
  busiest.learned_pin = learned;
  send_busiest(busiest);
  const bool is_file = output_.is_file();
  log_line(fmt::format("{}{}sent busiest process {} ({}), {} user + {} system ticks",
                       is_file ? "stored " + base::escape(options_.ranking.out) : "",
                       is_file ? ", " : "", busiest.name, busiest.pid, busiest.user_ticks,
                       busiest.system_ticks));
}

// If the connection breaks before the acknowledgement, the server may or may not have stored the
// busiest process. Sending it once more is safe: the server recognizes its id.
void Fetch::send_busiest(const net::BusiestProcess& busiest) {
  try {
    client().send_busiest(busiest, deadline_);
  } catch (const net::ConnectionError&) {
    resend_busiest(busiest);
  } catch (const net::EndedEarlyError&) {
    resend_busiest(busiest);
  }
}

void Fetch::resend_busiest(const net::BusiestProcess& busiest) {
  reconnect();
  // The protocol accepts a TOP only after a report.
  client().fetch_report(
      {.count = 1, .hold = options_.hold}, [](std::string_view) {}, deadline_);
  client().send_busiest(busiest, deadline_);
}

// Retries, because the server may be restarting.
void Fetch::reconnect() {
  finish();
  const net::Deadline end = std::min(Clock::now() + options_.connect_timeout, deadline_);
  const auto is_last = [&] { return Clock::now() + kReconnectInterval >= end; };
  for (;;) {
    try {
      return connect(std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()));
    } catch (const net::ConnectionError& error) {
      if (is_last()) {
        throw CommandError(
            ExitCode::Unreachable,
            fmt::format("the connection broke, and reconnecting failed: {}", error.what()));
      }
    } catch (const net::HandshakeError&) {
      if (is_last()) throw;
    }
    std::this_thread::sleep_for(kReconnectInterval);
  }
}

// The exchange is already complete, so errors are not failures.
void Fetch::hold() {
  if (options_.hold.count() == 0) return;
  try {
    client().hold(Clock::now() + options_.hold);
  } catch (const std::exception& error) {
    log_line(fmt::format("the hold ended early: {}", error.what()));
  }
}

void Fetch::finish() {
  if (connection_) client().finish(std::min(Clock::now() + kEndTimeout, deadline_));
}

ExitCode run(const FetchOptions& options) {
  validate(options.transport);
  exit_on_sigint();
  if (options.pin && !options.transport.uses_tls()) {
    throw UsageError("--pin requires TLS; omit --no-tls");
  }
  if (options.pin && options.transport.pki.ca.is_given()) {
    throw UsageError("--pin and --ca cannot be combined; omit one");
  }
  Fetch fetch(options);
  try {
    fetch.run();
  } catch (const std::exception& error) {
    fetch.finish();
    fail(options, error, fetch.progress());
  }
  return ExitCode::Done;
}

}  // namespace

Command fetch_command() {
  const auto options = std::make_shared<FetchOptions>();
  return {.name = "fetch",
          .summary = "Fetch a server's ranking, and send it this machine's busiest process",
          .options = fetch_options(*options),
          .run = [=] { return run(*options); }};
}

}  // namespace topnet::cmd
