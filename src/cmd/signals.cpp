#include "cmd/signals.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <initializer_list>

#include "cmd/exit_code.h"

namespace topnet::cmd {
namespace {

extern "C" void exit_interrupted(int) { ::_exit(static_cast<int>(ExitCode::Interrupted)); }

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
  // open() returns the lowest free number, which is `fd`. A report that is written to a closed
  // standard output must fail, so it is opened for reading only.
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) ::open("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_RDWR);
  }
}

void exit_on_sigint() {
  struct sigaction inherited {};
  ::sigaction(SIGINT, nullptr, &inherited);
  if (inherited.sa_handler == SIG_IGN) return;
  struct sigaction action {};
  action.sa_handler = exit_interrupted;
  ::sigaction(SIGINT, &action, nullptr);
}

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
