#include "cmd/fetch.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
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

// What happens once the report is safe.
void report_back(net::Client& client, OwnTop& own, const std::optional<net::Pin>& learned,
                 const FetchOptions& options, net::Deadline deadline) {
  net::Top top = own.take(deadline);
  top.learned_pin = learned;
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
  try {
    client.finish(Clock::now() + seconds(1));
  } catch (const std::exception&) {
    return;  // The exchange is complete, however the connection ends.
  }
}

std::chrono::milliseconds max_time(const FetchOptions& options) {
  return options.max_time.value_or(seconds(30) +
                                   options.ranking.delay.value_or(std::chrono::milliseconds(0)));
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

// Stores the report and sends the own top; `what_holds` says what stays done where that fails.
void exchange(ServerConnection& connection, const FetchOptions& options, Output& output,
              const char*& what_holds) {
  const net::Deadline deadline = Clock::now() + max_time(options);
  OwnTop own(options.ranking);
  net::Client client(connection.stream());
  const net::ReportEnd end = client.fetch_report(
      {.count = options.ranking.count,
       .key = options.ranking.key,
       .format = options.ranking.format,
       .delay = options.ranking.delay,
       .hold = options.hold},
      [&](std::string_view bytes) { output.write(bytes); }, deadline);
  output.commit();
  what_holds = "; the report is stored";
  report_back(client, own, take_note(connection, end.next_pin), options, deadline);
}

ExitCode run(const FetchOptions& options) {
  check(options.transport);
  end_on_interrupt();
  if (options.pin && !options.transport.uses_tls())
    throw UsageError("--pin needs TLS; leave out --no-tls");
  if (options.pin && !options.transport.ca.empty()) {
    throw UsageError("--pin and --ca exclude each other; leave one out");
  }
  Output output(options.ranking.out);
  const char* what_holds = "";
  try {
    ServerConnection connection({.server = options.server,
                                 .transport = options.transport,
                                 .connect_timeout = options.connect_timeout,
                                 .pin = options.pin,
                                 .state_dir = options.state_dir});
    try {
      exchange(connection, options, output, what_holds);
    } catch (const net::ConnectionError& error) {
      // Unlike before, the server has been reached: what it owes has not arrived whole.
      throw Failure(ExitCode::Protocol, fmt::format("the connection broke: {}", error.what()));
    }
  } catch (const std::exception& error) {
    fail(options, error, what_holds);
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
