#include "net/acceptor.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>

#include <array>
#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

namespace topnet::net {
namespace {

// How long accepting rests when the machine is out of something: long enough to cost nothing, short
// enough that nobody waits.
constexpr int kRestMilliseconds = 100;

}  // namespace

Acceptor::Acceptor(proc::UniqueFd listener, const std::string& name,
                   std::atomic<std::uint64_t>& errors, Take take)
    : listener_(std::move(listener)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      take_(std::move(take)),
      errors_(errors) {
  if (!wake_) throw std::system_error(errno, std::generic_category(), "could not make an eventfd");
  thread_ = std::jthread([this, name] {
    ::pthread_setname_np(::pthread_self(), name.c_str());
    run();
  });
}

Acceptor::~Acceptor() { stop(); }

void Acceptor::stop() {
  if (!thread_.joinable()) return;
  ::eventfd_write(wake_.raw(), 1);
  thread_.join();
  listener_.reset();
}

void Acceptor::run() {
  for (;;) {
    std::array<pollfd, 2> waited{{{.fd = wake_.raw(), .events = POLLIN, .revents = 0},
                                  {.fd = listener_.raw(), .events = POLLIN, .revents = 0}}};
    if (::poll(waited.data(), waited.size(), -1) < 0) continue;
    if (waited[0].revents != 0) return;
    if (!accept_one()) {
      ++errors_;
      rest();
    }
  }
}

// False where the machine is out of something, and trying again at once would be a spin.
bool Acceptor::accept_one() {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  proc::UniqueFd socket(::accept4(listener_.raw(), reinterpret_cast<sockaddr*>(&peer), &size,
                                  SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket) {
    try {
      take_(std::move(socket), peer);
    } catch (const std::exception&) {
      return false;  // no memory, most likely; the connection is closed
    }
    return true;
  }
  // The connection went away again, or another thread was faster.
  return errno == ECONNABORTED || errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

void Acceptor::rest() {
  pollfd wake{.fd = wake_.raw(), .events = POLLIN, .revents = 0};
  ::poll(&wake, 1, kRestMilliseconds);
}

}  // namespace topnet::net
