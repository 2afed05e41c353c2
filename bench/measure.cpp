// Runs one command, discards its output, and prints its wall time and CPU time in nanoseconds, its
// peak resident memory in KiB, and its minor page faults.
//
// It is a small program because exec keeps the peak memory of the process that starts a command if
// that is larger: measured from Python, every command would seem to need what Python needs. This
// program needs less than 1 MiB, the smallest peak that it can measure.

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

namespace {

long long now_ns() {
  timespec time;
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

long long nanoseconds(const timeval& time) {
  return time.tv_sec * 1'000'000'000LL + time.tv_usec * 1'000LL;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: measure COMMAND [ARGUMENT...]\n", stderr);
    return 2;
  }
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);

  const long long start = now_ns();
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, argv[1], &actions, nullptr, argv + 1, environ);
  if (error != 0) {
    std::fprintf(stderr, "measure: could not start %s: %s\n", argv[1], std::strerror(error));
    return 1;
  }
  int status = 0;
  rusage used;
  ::wait4(child, &status, 0, &used);
  const long long wall = now_ns() - start;
  if (status != 0) {
    std::fprintf(stderr, "measure: %s failed, wait status %#x\n", argv[1],
                 static_cast<unsigned>(status));
    return 1;
  }
  std::printf("%lld %lld %ld %ld\n", wall, nanoseconds(used.ru_utime) + nanoseconds(used.ru_stime),
              used.ru_maxrss, used.ru_minflt);
}
