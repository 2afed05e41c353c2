#include "cmd/failure.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cstdint>
#include <mutex>
#include <utility>

#include "cmd/command_line.h"
#include "net/client.h"
#include "net/file_error.h"
#include "net/frame.h"
#include "net/stream.h"
#include "net/tls.h"

namespace topnet::cmd {
namespace {

ExitCode exit_code_of(net::RefusalCode code) {
  switch (code) {
    case net::RefusalCode::NotEnrolled:
    case net::RefusalCode::Busy:
    case net::RefusalCode::ShuttingDown:
    case net::RefusalCode::JoinRefused:
      return ExitCode::Refused;
    case net::RefusalCode::Timeout:
      return ExitCode::Unreachable;
    case net::RefusalCode::Protocol:
    case net::RefusalCode::Internal:
      break;
  }
  return ExitCode::Protocol;
}

template <typename... Kinds>
bool is_one_of(const std::exception& error) {
  return ((dynamic_cast<const Kinds*>(&error) != nullptr) || ...);
}

}  // namespace

ExitCode exit_code_of(const std::exception& error) {
  if (const auto* const failure = dynamic_cast<const Failure*>(&error)) return failure->code();
  if (const auto* const refused = dynamic_cast<const net::RefusedError*>(&error)) {
    return exit_code_of(refused->code());
  }
  if (is_one_of<UsageError>(error)) return ExitCode::Usage;
  if (is_one_of<net::FileError>(error)) return ExitCode::LocalFile;
  if (is_one_of<net::ConnectionError, net::TimeoutError>(error)) return ExitCode::Unreachable;
  if (is_one_of<net::UntrustedKeyError>(error)) return ExitCode::Untrusted;
  if (is_one_of<net::ProtocolError, net::HandshakeError>(error)) return ExitCode::Protocol;
  return ExitCode::Failure;
}

void say(const std::string& text) {
  static std::mutex mutex;
  static std::uint64_t lost = 0;
  // One at a time: another one could take the room that poll has seen.
  const std::scoped_lock lock(mutex);
  pollfd standard_error{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  if (::poll(&standard_error, 1, 0) == 0) {
    ++lost;
    return;
  }
  std::string lines;
  if (const std::uint64_t count = std::exchange(lost, 0)) {
    lines = fmt::format("topnet: nobody read standard error; lines that are lost: {}\n", count);
  }
  lines += "topnet: " + text + '\n';
  // One call, so that the lines of several threads do not mix. If it fails, nobody can be told.
  static_cast<void>(!::write(STDERR_FILENO, lines.data(), lines.size()));
}

}  // namespace topnet::cmd
