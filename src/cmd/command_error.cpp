#include "cmd/command_error.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cstdint>
#include <mutex>
#include <utility>

#include "base/escape.h"
#include "base/files/file_error.h"
#include "cmd/command_line.h"
#include "net/protocol/client.h"
#include "net/protocol/frame.h"
#include "net/stream.h"
#include "net/tls/tls.h"
#include "net/trust/trusted_connection.h"

namespace topnet::cmd {
namespace {

ExitCode exit_code_of_refusal(net::RefusalCode code) {
  switch (code) {
    case net::RefusalCode::NotEnrolled:
    case net::RefusalCode::Busy:
    case net::RefusalCode::ShuttingDown:
    case net::RefusalCode::JoinRefused:
      return ExitCode::Refused;
    case net::RefusalCode::Timeout:
      return ExitCode::Unreachable;
    case net::RefusalCode::Protocol:
      return ExitCode::Protocol;
    case net::RefusalCode::Internal:
      break;
  }
  return ExitCode::Failure;
}

template <typename... Kinds>
bool is_one_of(const std::exception& error) {
  return ((dynamic_cast<const Kinds*>(&error) != nullptr) || ...);
}

}  // namespace

ExitCode exit_code_of(const std::exception& error) {
  if (const auto* const failure = dynamic_cast<const CommandError*>(&error)) return failure->code();
  if (const auto* const refused = dynamic_cast<const net::RefusedError*>(&error)) {
    return exit_code_of_refusal(refused->code());
  }
  if (is_one_of<UsageError, net::PlaintextRefusedError>(error)) return ExitCode::Usage;
  if (is_one_of<base::FileError>(error)) return ExitCode::LocalFile;
  if (is_one_of<net::ConnectionError, net::TimeoutError>(error)) return ExitCode::Unreachable;
  if (is_one_of<net::UntrustedServerError>(error)) return ExitCode::Untrusted;
  if (is_one_of<net::ProtocolError, net::HandshakeError>(error)) return ExitCode::Protocol;
  return ExitCode::Failure;
}

std::string next_step(const std::exception& error) {
  if (is_one_of<net::ProtocolError>(error)) {
    return "; check that a topnet server of this version listens there";
  }
  const auto* const refused = dynamic_cast<const net::RefusedError*>(&error);
  if (refused == nullptr) return "";
  switch (refused->code()) {
    case net::RefusalCode::NotEnrolled:
    case net::RefusalCode::JoinRefused:
    case net::RefusalCode::Busy:
      return "";  // the server's message has it
    case net::RefusalCode::ShuttingDown:
    case net::RefusalCode::Timeout:
      return "; try again later";
    case net::RefusalCode::Protocol:
      return "; check that the server has this version of topnet";
    case net::RefusalCode::Internal:
      break;
  }
  return "; the server's log has the reason";
}

void log_change(std::string& last, const std::string& problem, const std::string& solved) {
  if (std::exchange(last, problem) != problem) log_line(problem.empty() ? solved : problem);
}

void log_line(const std::string& text) {
  static std::mutex mutex;
  static std::uint64_t dropped = 0;
  // Under the lock, no other thread can use up the space that poll() has reported.
  const std::scoped_lock lock(mutex);
  pollfd standard_error{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  if (::poll(&standard_error, 1, 0) == 0) {
    ++dropped;
    return;
  }
  std::string lines;
  if (const std::uint64_t count = std::exchange(dropped, 0)) {
    lines = fmt::format("topnet: lines dropped because standard error was not read: {}\n", count);
  }
  // Text of another machine may be in it, and standard error may be a terminal.
  lines += "topnet: " + base::escape_controls(text) + '\n';
  // One call, so that lines of other processes do not interleave. A failure cannot be reported.
  static_cast<void>(!::write(STDERR_FILENO, lines.data(), lines.size()));
}

}  // namespace topnet::cmd
