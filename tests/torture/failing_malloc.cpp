// Lets one allocation of a program fail, to be loaded by LD_PRELOAD: the one with the number in
// FAIL_ALLOCATION. Writes how many there were into the file in COUNT_ALLOCATIONS_IN.

#include <dlfcn.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

// The C library's own, which the dynamic linker does not have to look for.
extern "C" void* __libc_malloc(std::size_t size);
extern "C" void* __libc_calloc(std::size_t count, std::size_t size);
extern "C" void* __libc_realloc(void* block, std::size_t size);

namespace {

std::atomic<long> allocations{0};

bool fails() {
  static const char* const number = std::getenv("FAIL_ALLOCATION");
  static const long which = number != nullptr ? std::atol(number) : 0;
  if (++allocations != which) return false;
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
