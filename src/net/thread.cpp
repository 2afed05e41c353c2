#include "net/thread.h"

#include <pthread.h>

#include <memory>
#include <utility>

namespace topnet::net {
namespace {

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

bool start_detached_thread(const ThreadOptions& options, std::function<void()> work) {
  auto start = std::make_unique<Start>(Start{.name = options.name, .work = std::move(work)});
  pthread_attr_t attributes;
  if (::pthread_attr_init(&attributes) != 0) return false;
  pthread_t thread{};
  const bool is_started =
      ::pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
      (options.stack_size == 0 ||
       ::pthread_attr_setstacksize(&attributes, options.stack_size) == 0) &&
      ::pthread_create(&thread, &attributes, run, start.get()) == 0;
  ::pthread_attr_destroy(&attributes);
  // The thread owns it now.
  if (is_started) static_cast<void>(start.release());
  return is_started;
}

}  // namespace topnet::net
