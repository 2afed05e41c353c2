#include "net/connect.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <string>
#include <system_error>

#include "net/socket.h"

namespace topnet::net {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kAttemptDelay{250};  // RFC 8305, section 5

// How much the failure of an attempt tells about the host. The first two kinds mean that this
// machine does not use addresses of that family.
enum class Telling : std::uint8_t { NoSuchFamily, NoRoute, Timeout, Answer };

Telling how_telling(int error) {
  switch (error) {
    case EAFNOSUPPORT:
    case EADDRNOTAVAIL:
    case EINVAL:
      return Telling::NoSuchFamily;
    case ENETUNREACH:
      return Telling::NoRoute;
    case ETIMEDOUT:
      return Telling::Timeout;
    default:
      return Telling::Answer;
  }
}

std::string describe(int error, const sockaddr_storage& address) {
  return fmt::format("{}: {}", to_string(to_host_port(address)),
                     lacks_zone(address)
                         ? "a link-local address needs its interface, as in fe80::1%eth0"
                         : std::generic_category().message(error));
}

// The attempts to connect to one host.
class Race {
 public:
  Race(const std::vector<sockaddr_storage>& addresses, Deadline deadline, int cancel)
      : addresses_(addresses), deadline_(deadline), cancel_(cancel) {}

  base::UniqueFd run();

 private:
  struct Attempt {
    base::UniqueFd socket;
    const sockaddr_storage* address;
  };
  struct Failure {
    int error;
    const sockaddr_storage* address;
  };

  void start_next();
  void wait();
  std::optional<base::UniqueFd> take_connected();
  void record_failure(int error, const sockaddr_storage& address);
  [[noreturn]] void fail() const;

  const std::vector<sockaddr_storage>& addresses_;
  const Deadline deadline_;
  const int cancel_;
  std::size_t next_ = 0;              // index of the next address
  TimePoint next_at_ = Clock::now();  // when to start its attempt
  std::vector<Attempt> pending_;
  std::vector<pollfd> polled_;      // the cancel descriptor, then those of `pending_`
  std::optional<Failure> failure_;  // the most telling one
};

base::UniqueFd Race::run() {
  for (;;) {
    while (next_ < addresses_.size() && Clock::now() >= next_at_) start_next();
    if (pending_.empty() || Clock::now() >= deadline_) fail();
    wait();
    if (auto connected = take_connected()) return std::move(*connected);
  }
}

void Race::start_next() {
  const sockaddr_storage& address = addresses_[next_++];
  base::UniqueFd socket(::socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const bool is_started =
      socket &&
      (::connect(socket.raw(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
       errno == EINPROGRESS || errno == EINTR);
  if (!is_started) return record_failure(errno, address);
  pending_.push_back({std::move(socket), &address});
  next_at_ = Clock::now() + kAttemptDelay;
}

// Until an attempt has ended or the next one is due.
void Race::wait() {
  polled_.assign(1, {.fd = cancel_, .events = POLLIN, .revents = 0});
  for (const Attempt& each : pending_) {
    polled_.push_back({.fd = each.socket.raw(), .events = POLLOUT, .revents = 0});
  }
  try {
    poll_until(polled_, next_ < addresses_.size() ? std::min(next_at_, deadline_) : deadline_);
  } catch (const TimeoutError&) {
    return;
  }
  if (polled_[0].revents != 0) throw CancelledError("cancelled while connecting");
}

// The most preferred attempt that has succeeded. Drops those that have failed.
std::optional<base::UniqueFd> Race::take_connected() {
  std::size_t i = 0;
  for (std::size_t each = 1; each < polled_.size(); ++each) {
    if (polled_[each].revents == 0) {
      ++i;
      continue;
    }
    Attempt attempt = std::move(pending_[i]);
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(attempt.socket.raw(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error == 0) return std::move(attempt.socket);
    pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(i));
    record_failure(error, *attempt.address);
  }
  return std::nullopt;
}

void Race::record_failure(int error, const sockaddr_storage& address) {
  if (!failure_ || how_telling(error) > how_telling(failure_->error)) failure_ = {error, &address};
  next_at_ = Clock::now();
}

void Race::fail() const {
  const bool has_answer = failure_ && how_telling(failure_->error) == Telling::Answer;
  if (pending_.empty() || has_answer) {
    throw ConnectionError(failure_ ? describe(failure_->error, *failure_->address)
                                   : "there is no address to connect to");
  }
  throw TimeoutError("timed out connecting to " +
                     to_string(to_host_port(*pending_.front().address)));
}

}  // namespace

base::UniqueFd connect_to_host(const HostPort& host, const ConnectOptions& options) {
  const auto addresses = resolve(host, options.deadline, options.cancel);
  for (const sockaddr_storage& address : addresses) options.check(address);
  return connect_to(addresses, options.deadline, options.cancel);
}

std::vector<sockaddr_storage> interleave_families(const std::vector<sockaddr_storage>& addresses) {
  std::vector<sockaddr_storage> same;
  std::vector<sockaddr_storage> other;
  for (const sockaddr_storage& each : addresses) {
    (each.ss_family == addresses.front().ss_family ? same : other).push_back(each);
  }
  std::vector<sockaddr_storage> result;
  for (std::size_t i = 0; i < std::max(same.size(), other.size()); ++i) {
    if (i < same.size()) result.push_back(same[i]);
    if (i < other.size()) result.push_back(other[i]);
  }
  return result;
}

base::UniqueFd connect_to(const std::vector<sockaddr_storage>& addresses, Deadline deadline,
                          int cancel) {
  const auto interleaved = interleave_families(addresses);
  base::UniqueFd socket = Race(interleaved, deadline, cancel).run();
  // Nagle's algorithm would delay small frames that each wait for an answer. A connection that is
  // already broken fails at its first use.
  const int no_delay = 1;
  ::setsockopt(socket.raw(), IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay);
  return socket;
}

}  // namespace topnet::net
