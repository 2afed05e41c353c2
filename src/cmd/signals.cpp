#include "cmd/signals.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <initializer_list>
#include <string_view>

#include "cmd/exit_code.h"

namespace topnet::cmd {
namespace {

// Exits with the status that a shell shows for a process that was ended by this signal. For SIGINT
// it is ExitCode::Interrupted. Calls async-signal-safe functions only. Never blocks, like
// log_line().
extern "C" void exit_on_signal(int number) {
  static constexpr std::string_view line = "topnet: interrupted\n";
  pollfd standard_error{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  if (number == SIGINT && ::poll(&standard_error, 1, 0) > 0) {
    static_cast<void>(!::write(STDERR_FILENO, line.data(), line.size()));
  }
  ::_exit(128 + number);
}

// Unless the process was started with the signal ignored.
void exit_on(int number) {
  struct sigaction inherited {};
  ::sigaction(number, nullptr, &inherited);
  if (inherited.sa_handler == SIG_IGN) return;
  struct sigaction action {};
  action.sa_handler = exit_on_signal;
  ::sigaction(number, &action, nullptr);
}

sigset_t set_of(std::initializer_list<int> members) {
  sigset_t signals{};
  ::sigemptyset(&signals);
  for (const int signal : members) ::sigaddset(&signals, signal);
  return signals;
}

}  // namespace

void prepare_process() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  // open() returns the lowest free number, which is `fd`. Unlike /dev/null, the root directory
  // always exists. With O_PATH, a read or write fails with EBADF as if `fd` were still closed.
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/", O_PATH) != fd) {
      ::_exit(static_cast<int>(ExitCode::Failure));
    }
  }
  // The kernel drops signals to process 1 of a PID namespace if their action is the default.
  if (::getpid() == 1) {
    for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) exit_on(number);
  }
}

void exit_on_sigint() { exit_on(SIGINT); }

void block_reload_signal() {
  const sigset_t signals = set_of({SIGHUP});
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

void block_termination_signals() {
  const sigset_t signals = set_of({SIGTERM, SIGINT});
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

std::optional<int> wait_for_signal(std::chrono::milliseconds timeout) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(timeout);
  const timespec limit{.tv_sec = seconds.count(),
                       .tv_nsec = std::chrono::nanoseconds(timeout - seconds).count()};
  const sigset_t signals = set_of({SIGHUP, SIGTERM, SIGINT});
  const int signal = ::sigtimedwait(&signals, nullptr, &limit);
  return signal > 0 ? std::optional(signal) : std::nullopt;
}

void unblock_termination_signals() {
  const sigset_t signals = set_of({SIGTERM, SIGINT});
  ::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

}  // namespace topnet::cmd
