#include "net/acceptor.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

namespace topnet::net {
namespace {

// Prevents a hot loop on persistent errors such as descriptor exhaustion (EMFILE). Shorter if the
// error concerns a single connection.
constexpr int kShortBackOffMilliseconds = 10;
constexpr int kBackOffMilliseconds = 100;

// There was no connection to accept.
bool is_harmless(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

// The connection was reset, or a firewall rule forbids it: accept(2) passes network errors on.
bool concerns_one_connection(int error) {
  return error == ECONNABORTED || error == EPROTO || error == EPERM || error == ENETDOWN ||
         error == EHOSTDOWN || error == EHOSTUNREACH || error == ENETUNREACH;
}

}  // namespace

Acceptor::Acceptor(std::vector<base::UniqueFd> listeners, AcceptorOptions options,
                   ResourceErrors& resource_errors)
    : listeners_(std::move(listeners)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      options_(std::move(options)),
      resource_errors_(resource_errors) {
  if (!wake_)
    throw std::system_error(errno, std::generic_category(), "could not create an eventfd");
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
  listeners_.clear();
}

void Acceptor::run() {
  std::vector<pollfd> polled{{.fd = wake_.raw(), .events = POLLIN, .revents = 0}};
  for (const base::UniqueFd& each : listeners_) {
    polled.push_back({.fd = each.raw(), .events = POLLIN, .revents = 0});
  }
  for (;;) {
    if (::poll(polled.data(), polled.size(), -1) < 0) continue;
    if (polled[0].revents != 0) return;
    for (const pollfd& listener : polled) {
      if (listener.revents != 0) accept_from(listener.fd);
    }
  }
}

void Acceptor::accept_from(int listener) {
  options_.wait_for_capacity();
  const int error = accept_one(listener);
  if (error == 0) return;
  if (!is_harmless(error)) resource_errors_.record_accept_error(error);
  back_off(is_harmless(error) || concerns_one_connection(error) ? kShortBackOffMilliseconds
                                                                : kBackOffMilliseconds);
}

// Returns 0 or an errno value.
int Acceptor::accept_one(int listener) const {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  base::UniqueFd socket(
      ::accept4(listener, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!socket) return errno;
  try {
    options_.on_connection(std::move(socket), peer);
  } catch (const std::exception&) {
    return ENOMEM;  // the most likely cause; the socket has been closed
  }
  return 0;
}

void Acceptor::back_off(int milliseconds) {
  pollfd wake{.fd = wake_.raw(), .events = POLLIN, .revents = 0};
  ::poll(&wake, 1, milliseconds);
}

}  // namespace topnet::net
