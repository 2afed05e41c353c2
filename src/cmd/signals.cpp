#include "cmd/signals.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>

#include "cmd/exit_code.h"

namespace topnet::cmd {
namespace {

extern "C" void end_interrupted(int) { ::_exit(static_cast<int>(ExitCode::Interrupted)); }

}  // namespace

void prepare_process() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  // open() returns the lowest free number, so that each gap is filled in turn.
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) ::open("/dev/null", O_RDWR);
  }
}

void end_on_interrupt() {
  struct sigaction inherited {};
  ::sigaction(SIGINT, nullptr, &inherited);
  if (inherited.sa_handler == SIG_IGN) return;
  struct sigaction action {};
  action.sa_handler = end_interrupted;
  ::sigaction(SIGINT, &action, nullptr);
}

sigset_t block_end_signals() {
  sigset_t ends{};
  ::sigemptyset(&ends);
  ::sigaddset(&ends, SIGTERM);
  ::sigaddset(&ends, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  return ends;
}

bool wait_for(const sigset_t& signals, std::chrono::milliseconds time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const timespec limit{.tv_sec = seconds.count(),
                       .tv_nsec = std::chrono::nanoseconds(time - seconds).count()};
  return ::sigtimedwait(&signals, nullptr, &limit) > 0;
}

void unblock_end_signals(const sigset_t& signals) {
  ::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

}  // namespace topnet::cmd
