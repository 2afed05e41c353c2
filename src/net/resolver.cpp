#include "net/resolver.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>

#include "base/escape.h"
#include "base/thread.h"
#include "base/unique_fd.h"
#include "net/socket.h"

namespace topnet::net {
namespace {

// Owned by the thread of the lookup and by the caller together: either can end first.
struct Lookup {
  explicit Lookup(HostPort name)
      : host(std::move(name)), finished(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!finished)
      throw std::system_error(errno, std::generic_category(), "could not create an eventfd");
  }

  const HostPort host;
  const base::UniqueFd finished;  // an eventfd; readable when the result is there
  std::mutex mutex;               // guards the result
  std::vector<sockaddr_storage> addresses;
  std::string error;  // if there is no address
};

void run(Lookup& lookup) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(lookup.host.host.c_str(),
                                  std::to_string(lookup.host.port).c_str(), &hints, &found);
  const int system_error = errno;
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, &::freeaddrinfo);
  const std::scoped_lock lock(lookup.mutex);
  if (error != 0) {
    lookup.error =
        error == EAI_SYSTEM ? std::generic_category().message(system_error) : ::gai_strerror(error);
  }
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    if (entry->ai_family != AF_INET && entry->ai_family != AF_INET6) continue;
    std::memcpy(&lookup.addresses.emplace_back(), entry->ai_addr, entry->ai_addrlen);
  }
  ::eventfd_write(lookup.finished.raw(), 1);
}

}  // namespace

std::vector<sockaddr_storage> resolve(const HostPort& host, Deadline deadline, int cancel) {
  if (const auto numeric = to_socket_address(host)) return {*numeric};
  const std::string name = base::escape(host.host);
  const auto lookup = std::make_shared<Lookup>(host);
  auto thread = base::Thread::start({.name = "resolve"}, [lookup] { run(*lookup); });
  if (!thread) {
    throw std::system_error(errno, std::generic_category(),
                            "could not start a thread to look up " + name);
  }
  thread->detach();
  try {
    if (wait_until_readable(cancel, lookup->finished.raw(), deadline) == cancel) {
      throw CancelledError("cancelled while looking up " + name);
    }
  } catch (const TimeoutError&) {
    throw TimeoutError("timed out looking up " + name);
  }
  const std::scoped_lock lock(lookup->mutex);
  if (lookup->addresses.empty()) {
    throw ConnectionError(fmt::format("no address for {}: {}", name, lookup->error));
  }
  return lookup->addresses;
}

}  // namespace topnet::net
