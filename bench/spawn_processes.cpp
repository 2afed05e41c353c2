// Starts processes to be ranked: some have used CPU time, some have hostile names, some have many
// threads, and most only sleep.
//
// Prints "ready" once all of them exist and have used their CPU time. Ends when its standard input
// ends or at SIGTERM. The processes end with it, also if it is killed.

#include <poll.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

// Enough for ten rows and two that just miss them. The tenth has used at least 60 ms, so that CPU
// clocks tell it from the sleeping ones.
constexpr int kBusy = 12;
constexpr long long kNanosecondsPerRank = 20'000'000;

// The busiest processes get them, since every program prints those.
constexpr const char* kHostileNames[] = {") R 1 2",      "a\nb", "a\tb", "\x1b[31mred",
                                         "\xff\xfe\x80", "=1+1", "",     "\xe2\x80\xaetxt.exe"};
constexpr int kHostile = sizeof kHostileNames / sizeof kHostileNames[0];

constexpr int kThreaded = 5;
constexpr int kThreadsEach = 40;

constexpr int kLeast = kBusy + kThreaded;

void use_cpu(long long nanoseconds) {
  timespec used{};
  do {
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  } while (used.tv_sec * 1'000'000'000LL + used.tv_nsec < nanoseconds);
}

void* sleep_forever(void*) {
  for (;;) ::pause();
}

void start_threads() {
  pthread_attr_t small;
  ::pthread_attr_init(&small);
  ::pthread_attr_setstacksize(&small, 64 * 1024);
  for (int i = 1; i < kThreadsEach; ++i) {
    pthread_t thread;
    if (::pthread_create(&thread, &small, sleep_forever, nullptr) != 0) ::_exit(1);
  }
}

// Runs child number `index`, which writes one byte to `ready` once it has its name, CPU time and
// threads.
[[noreturn]] void live(int index, pid_t parent, int ready) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);  // the parent died before the line above
  if (index < kBusy) {
    const int rank = kBusy - index;
    if (index < kHostile) ::prctl(PR_SET_NAME, kHostileNames[index]);
    use_cpu(rank * kNanosecondsPerRank);
  } else if (index < kBusy + kThreaded) {
    start_threads();
  }
  if (::write(ready, "", 1) != 1) ::_exit(1);
  ::close(ready);
  sleep_forever(nullptr);
  ::_exit(0);
}

void kill_all(const std::vector<pid_t>& children) {
  for (const pid_t child : children) ::kill(child, SIGKILL);
  for (const pid_t child : children) ::waitpid(child, nullptr, 0);
}

[[noreturn]] void fail(const std::vector<pid_t>& children, const char* what) {
  std::fprintf(stderr,
               "spawn_processes: %s after %zu processes: %s; see ulimit -u, "
               "/proc/sys/kernel/pid_max, /proc/sys/kernel/threads-max and pids.max of the control "
               "group\n",
               what, children.size(), std::strerror(errno));
  kill_all(children);
  std::exit(1);
}

// Returns true after one byte of each child, false if a child died before it wrote its byte.
bool all_ready(int ready, std::size_t count) {
  char bytes[4096];
  while (count > 0) {
    const ssize_t size = ::read(ready, bytes, sizeof bytes);
    if (size <= 0) return false;
    count -= static_cast<std::size_t>(size);
  }
  return true;
}

void wait_for_the_end(int signals) {
  for (;;) {
    pollfd events[] = {{STDIN_FILENO, POLLIN, 0}, {signals, POLLIN, 0}};
    if (::poll(events, 2, -1) < 0) return;
    if (events[1].revents != 0) return;
    char ignored[256];
    if (events[0].revents != 0 && ::read(STDIN_FILENO, ignored, sizeof ignored) <= 0) return;
  }
}

int pid_max() {
  int value = 0;
  if (std::FILE* const file = std::fopen("/proc/sys/kernel/pid_max", "r")) {
    char text[32] = "";
    if (std::fgets(text, sizeof text, file) != nullptr) {
      std::from_chars(text, text + std::strlen(text), value);
    }
    std::fclose(file);
  }
  return value;
}

}  // namespace

int main(int argc, char** argv) {
  int count = 0;
  if (argc == 2) {
    const char* const last = argv[1] + std::strlen(argv[1]);
    const auto parsed = std::from_chars(argv[1], last, count);
    if (parsed.ec != std::errc{} || parsed.ptr != last) count = 0;
  }
  if (count < kLeast) {
    std::fprintf(stderr, "usage: spawn_processes COUNT (%d or more)\n", kLeast);
    return 2;
  }
  if (const int most = pid_max(); count + kThreaded * kThreadsEach >= most) {
    std::fprintf(stderr, "spawn_processes: %d are too many, /proc/sys/kernel/pid_max is %d\n",
                 count, most);
    return 1;
  }

  sigset_t ending;
  ::sigemptyset(&ending);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&ending, signal);
  ::sigprocmask(SIG_BLOCK, &ending, nullptr);
  const int signals = ::signalfd(-1, &ending, 0);
  int ready[2];
  std::vector<pid_t> children;
  // Reserved, so that the list does not grow, and children share its memory.
  children.reserve(static_cast<std::size_t>(count));
  if (signals < 0 || ::pipe(ready) != 0) fail(children, "could not prepare");

  const pid_t self = ::getpid();
  for (int index = 0; index < count; ++index) {
    const pid_t child = ::fork();
    if (child < 0) fail(children, "could not fork");
    if (child == 0) live(index, self, ready[1]);
    children.push_back(child);
  }
  ::close(ready[1]);
  if (!all_ready(ready[0], children.size())) {
    errno = EAGAIN;  // only starting threads can fail in a child
    fail(children, "a child could not start its threads,");
  }

  std::puts("ready");
  std::fflush(stdout);
  wait_for_the_end(signals);
  kill_all(children);
}
