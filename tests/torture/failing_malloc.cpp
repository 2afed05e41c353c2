// Lets allocations of a program fail, to be loaded by LD_PRELOAD: the one with the number in
// FAIL_ALLOCATION; or, where FAIL_IN_THREADS is "http-" and FAIL_STEP is 5, the fifth one of the
// thread http-1, the tenth one of the thread http-2, and so on, and every fifth one of a thread
// that has this name without a number. At its end the program writes how many there were into the
// file in COUNT_ALLOCATIONS_IN; the file in NOTE_FAILURES_IN gets a byte for each that failed.

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

// The C library's own, which the dynamic linker does not have to look for.
extern "C" void* __libc_malloc(std::size_t size);
extern "C" void* __libc_calloc(std::size_t count, std::size_t size);
extern "C" void* __libc_realloc(void* block, std::size_t size);

namespace {

constexpr std::size_t kThreadNameSize = 16;

std::atomic<long> allocations{0};
// As the variables of a library that is there from the start, they need no allocation themselves.
__attribute__((tls_model("initial-exec"))) thread_local long allocations_of_thread = 0;

// 0 where there is none.
long number_in(const char* variable) {
  const char* const text = std::getenv(variable);
  return text != nullptr ? std::atol(text) : 0;
}

// The number behind `prefix` in this thread's name; 0 for no number, -1 for another name.
long number_of_thread(const char* prefix) {
  std::array<char, kThreadNameSize> name{};
  ::prctl(PR_GET_NAME, name.data());
  const std::size_t size = std::strlen(prefix);
  if (std::strncmp(name.data(), prefix, size) != 0) return -1;
  char* end = nullptr;
  const long number = std::strtol(name.data() + size, &end, 10);
  return *end == '\0' ? number : -1;
}

constinit int notes = -1;

// At the start: later on the program may not be allowed to.
__attribute__((constructor)) void open_notes() {
  const char* const name = std::getenv("NOTE_FAILURES_IN");
  if (name != nullptr) notes = ::open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

bool is_to_fail() {
  static const long which = number_in("FAIL_ALLOCATION");
  static const long step = number_in("FAIL_STEP");
  static const char* const threads = std::getenv("FAIL_IN_THREADS");
  if (threads == nullptr) return ++allocations == which;
  const long thread = number_of_thread(threads);
  if (thread < 0) return false;
  ++allocations_of_thread;
  return thread == 0 ? allocations_of_thread % step == 0 : allocations_of_thread == thread * step;
}

bool fails() {
  if (!is_to_fail()) return false;
  if (notes >= 0 && ::write(notes, "x", 1) != 1) std::abort();
  errno = ENOMEM;
  return true;
}

struct CountAtEnd {
  ~CountAtEnd() {
    const char* const name = std::getenv("COUNT_ALLOCATIONS_IN");
    std::FILE* const file = name != nullptr ? std::fopen(name, "w") : nullptr;
    if (file == nullptr) return;
    std::fprintf(file, "%ld", allocations.load());
    std::fclose(file);
  }
} count_at_end;

}  // namespace

extern "C" {
__attribute__((visibility("default"))) void* malloc(std::size_t size) {
  return fails() ? nullptr : __libc_malloc(size);
}
__attribute__((visibility("default"))) void* calloc(std::size_t count, std::size_t size) {
  return fails() ? nullptr : __libc_calloc(count, size);
}
__attribute__((visibility("default"))) void* realloc(void* block, std::size_t size) {
  return fails() ? nullptr : __libc_realloc(block, size);
}
}
