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

// How long accepting rests when it fails, so that a failure that lasts is no spin: short where only
// that one connection is concerned, and longer, but so that nobody waits, where the machine is out
// of something.
constexpr int kShortRestMilliseconds = 10;
constexpr int kRestMilliseconds = 100;

// There is no connection after all.
bool is_nothing(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

// What concerns one connection: it has gone, or a rule of the firewall forbids it.
bool is_about_one(int error) {
  return error == ECONNABORTED || error == EPROTO || error == EPERM || error == ENETDOWN ||
         error == EHOSTDOWN || error == EHOSTUNREACH || error == ENETUNREACH;
}

}  // namespace

Acceptor::Acceptor(proc::UniqueFd listener, AcceptorOptions options, Troubles& troubles)
    : listener_(std::move(listener)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      options_(std::move(options)),
      troubles_(troubles) {
  if (!wake_) throw std::system_error(errno, std::generic_category(), "could not make an eventfd");
  thread_ = std::jthread([this] {
    ::pthread_setname_np(::pthread_self(), options_.name.c_str());
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
    options_.wait_for_room();
    const int error = accept_one();
    if (error == 0) continue;
    if (!is_nothing(error)) troubles_.note_no_connection(error);
    rest(is_nothing(error) || is_about_one(error) ? kShortRestMilliseconds : kRestMilliseconds);
  }
}

// Returns 0, or the errno value of what failed.
int Acceptor::accept_one() {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  proc::UniqueFd socket(::accept4(listener_.raw(), reinterpret_cast<sockaddr*>(&peer), &size,
                                  SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!socket) return errno;
  try {
    options_.take(std::move(socket), peer);
  } catch (const std::exception&) {
    return ENOMEM;  // most likely; the connection is closed
  }
  return 0;
}

void Acceptor::rest(int milliseconds) {
  pollfd wake{.fd = wake_.raw(), .events = POLLIN, .revents = 0};
  ::poll(&wake, 1, milliseconds);
}

}  // namespace topnet::net
