#include "base/thread.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <utility>

namespace topnet::base {
namespace {

// Bytes below this frame that the calls made here may use.
constexpr std::uintptr_t kReserve = 1024;

struct Start {
  std::string name;
  std::function<void()> work;
};

void* run(void* argument) {
  const std::unique_ptr<Start> start(static_cast<Start*>(argument));
  ::pthread_setname_np(::pthread_self(), start->name.substr(0, 15).c_str());
  start->work();
  return nullptr;
}

}  // namespace

std::optional<Thread> Thread::start(const ThreadOptions& options, std::function<void()> work) {
  auto start = std::make_unique<Start>(Start{.name = options.name, .work = std::move(work)});
  pthread_attr_t attributes;
  int error = ::pthread_attr_init(&attributes);
  if (error == 0) {
    if (options.stack_size > 0) {
      error = ::pthread_attr_setstacksize(&attributes, options.stack_size);
    }
    pthread_t thread{};
    if (error == 0) error = ::pthread_create(&thread, &attributes, run, start.get());
    ::pthread_attr_destroy(&attributes);
    if (error == 0) {
      static_cast<void>(start.release());  // now owned by the thread
      return Thread(thread);
    }
  }
  errno = error;
  return std::nullopt;
}

Thread::Thread(Thread&& other) noexcept : thread_(std::exchange(other.thread_, std::nullopt)) {}

Thread& Thread::operator=(Thread&& other) noexcept {
  std::swap(thread_, other.thread_);
  return *this;
}

Thread::~Thread() {
  if (thread_) ::pthread_join(*thread_, nullptr);
}

void Thread::detach() { ::pthread_detach(*std::exchange(thread_, std::nullopt)); }

void give_back_unused_stack() {
  pthread_attr_t attributes;
  if (::pthread_getattr_np(::pthread_self(), &attributes) != 0) return;
  void* lowest = nullptr;
  std::size_t size = 0;
  const int error = ::pthread_attr_getstack(&attributes, &lowest, &size);
  ::pthread_attr_destroy(&attributes);
  if (error != 0) return;
  // Stacks grow downwards.
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(lowest);
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  const std::uintptr_t end = (here - kReserve) / page * page;
  if (end > begin) ::madvise(lowest, end - begin, MADV_DONTNEED);
}

}  // namespace topnet::base
