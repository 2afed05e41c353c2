#include "cmd/fetch.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "cmd/failure.h"
#include "cmd/fetch_options.h"
#include "cmd/output.h"
#include "cmd/own_top.h"
#include "cmd/server_connection.h"
#include "cmd/signals.h"
#include "cmd/state_dir.h"
#include "net/client.h"
#include "net/file_error.h"
#include "net/socket.h"
#include "net/tls.h"
#include "proc/escape.h"

namespace topnet::cmd {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

// How often a server is looked for that may be about to start again.
constexpr std::chrono::milliseconds kLookAgain{100};

std::chrono::milliseconds max_time(const FetchOptions& options) {
  return options.max_time.value_or(seconds(30) +
                                   options.ranking.delay.value_or(std::chrono::milliseconds(0)));
}

// An exception of any kind, as one that says which server it was about.
[[noreturn]] void fail(const FetchOptions& options, const std::exception& error,
                       const char* what_holds) {
  const ExitCode code = exit_code_of(error);
  const bool is_ours = code == ExitCode::Usage || code == ExitCode::LocalFile;
  if (is_ours && *what_holds == '\0') throw;
  throw Failure(code,
                fmt::format("fetch from {}: {}{}", proc::escape(net::to_string(options.server)),
                            error.what(), what_holds));
}

// That the server's next key could not be noted is no failure of the exchange: it is announced
// again.
std::optional<net::Pin> take_note(ServerConnection& connection,
                                  const std::optional<net::Pin>& next) {
  try {
    return connection.note_next(next);
  } catch (const net::FileError& error) {
    say(error.what());
    return std::nullopt;
  }
}

// One exchange with a server, from the request to the end of the hold.
class Fetch {
 public:
  explicit Fetch(const FetchOptions& options)
      : options_(options), output_(options.ranking.out), deadline_(Clock::now()) {}

  // Throws what stops it; what_holds() then says what stays done.
  void run();
  const char* what_holds() const { return what_holds_; }

 private:
  void connect(std::chrono::milliseconds patience);
  void connect_again();
  void exchange();
  void deliver(const net::Top& top);
  void deliver_again(const net::Top& top);
  void stay();
  net::Client client() { return net::Client(connection_->stream()); }

  const FetchOptions& options_;
  Output output_;
  std::optional<ServerConnection> connection_;
  net::Deadline deadline_;  // of the exchange
  const char* what_holds_ = "";
};

void Fetch::run() {
  connect(options_.connect_timeout);
  try {
    exchange();
  } catch (const net::ConnectionError& error) {
    // Unlike before, the server has been reached: what it owes has not arrived whole.
    throw Failure(ExitCode::Protocol, fmt::format("the connection broke: {}", error.what()));
  }
  stay();
}

void Fetch::connect(std::chrono::milliseconds patience) {
  connection_.emplace(ServerConnectionOptions{.server = options_.server,
                                              .transport = options_.transport,
                                              .connect_timeout = patience,
                                              .pin = options_.pin,
                                              .is_again = *what_holds_ != '\0',
                                              .state_dir = options_.state_dir});
}

// Stores the report and sends the own top.
void Fetch::exchange() {
  deadline_ = Clock::now() + max_time(options_);
  OwnTop own(options_.ranking);
  const net::ReportEnd end = client().fetch_report(
      {.count = options_.ranking.count,
       .key = options_.ranking.key,
       .format = options_.ranking.format,
       .delay = options_.ranking.delay,
       .hold = options_.hold},
      [&](std::string_view bytes) { output_.write(bytes); }, deadline_);
  output_.commit();
  what_holds_ = "; the report is stored, and the top process is not acknowledged";
  const auto learned = take_note(*connection_, end.next_pin);
  net::Top top = own.take(deadline_);
  top.learned_pin = learned;
  deliver(top);
  const bool is_file = options_.ranking.out != "-";
  say(fmt::format("{}{}sent top process {} ({}), {} user + {} system ticks",
                  is_file ? "stored " + proc::escape(options_.ranking.out) : "",
                  is_file ? ", " : "", top.name, top.pid, top.user_ticks, top.system_ticks));
}

// Where the connection breaks before the acknowledgement, nobody knows whether the server has the
// top. It is sent once more then; a server that has it does not take it twice.
void Fetch::deliver(const net::Top& top) {
  try {
    client().send_top(top, deadline_);
  } catch (const net::ConnectionError&) {
    deliver_again(top);
  } catch (const net::EndedEarlyError&) {
    deliver_again(top);
  }
}

void Fetch::deliver_again(const net::Top& top) {
  connect_again();
  // A top is the answer to a report, so one is asked for.
  client().fetch_report(
      {.count = 1, .hold = options_.hold}, [](std::string_view) {}, deadline_);
  client().send_top(top, deadline_);
}

// A server that has just ended may be about to start again.
void Fetch::connect_again() {
  const net::Deadline end = std::min(Clock::now() + options_.connect_timeout, deadline_);
  const auto is_last = [&] { return Clock::now() + kLookAgain >= end; };
  for (;;) {
    try {
      return connect(std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()));
    } catch (const net::ConnectionError& error) {
      if (is_last()) {
        throw Failure(ExitCode::Unreachable,
                      fmt::format("the connection broke, and there is no other: {}", error.what()));
      }
    } catch (const net::HandshakeError&) {
      if (is_last()) throw;
    }
    std::this_thread::sleep_for(kLookAgain);
  }
}

// The exchange is complete, so whatever happens now is no failure.
void Fetch::stay() {
  if (options_.hold.count() > 0) {
    try {
      client().hold(Clock::now() + options_.hold);
    } catch (const std::exception& error) {
      say(fmt::format("the server ended the hold: {}", error.what()));
      return;
    }
  }
  try {
    client().finish(Clock::now() + seconds(1));
  } catch (const std::exception&) {
    return;
  }
}

ExitCode run(const FetchOptions& options) {
  check(options.transport);
  end_on_interrupt();
  if (options.pin && !options.transport.uses_tls())
    throw UsageError("--pin needs TLS; leave out --no-tls");
  if (options.pin && !options.transport.ca.empty()) {
    throw UsageError("--pin and --ca exclude each other; leave one out");
  }
  Fetch fetch(options);
  try {
    fetch.run();
  } catch (const std::exception& error) {
    fail(options, error, fetch.what_holds());
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
