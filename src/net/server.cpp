#include "net/server.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <sys/eventfd.h>

#include <array>
#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

#include "net/address.h"
#include "net/socket.h"
#include "net/thread.h"

namespace topnet::net {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kClientStackSize = std::size_t{256} * 1024;
constexpr std::chrono::seconds kLinger{1};

// Says that no more will come, and takes what the client still sends until it has gone: a close
// with unread input would be a reset, and a reset destroys what the client has not read yet.
void say_goodbye(Stream& stream, int socket) {
  const Deadline deadline = Clock::now() + kLinger;
  try {
    stream.finish_writing(deadline);
    std::array<std::byte, 4096> ignored{};
    SocketStream raw(socket);
    while (raw.read_some(ignored, deadline) > 0) continue;
  } catch (const std::exception&) {
    return;  // It has gone already, or will not.
  }
}

}  // namespace

Server::Server(proc::UniqueFd listener, std::optional<TlsContext> tls, ServerOptions options,
               Connections& connections)
    : tls_(std::move(tls)),
      options_(std::move(options)),
      connections_(connections),
      shut_down_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!shut_down_) {
    throw std::system_error(errno, std::generic_category(), "could not make an eventfd");
  }
  acceptor_ = std::make_unique<Acceptor>(
      std::move(listener), "accept", [this](proc::UniqueFd socket, const sockaddr_storage& peer) {
        accept(std::move(socket), peer);
      });
}

Server::~Server() {
  acceptor_->stop();
  cut_all();
  std::unique_lock lock(mutex_);
  all_ended_.wait(lock, [this] { return sockets_.empty(); });
}

void Server::shut_down(std::chrono::milliseconds patience) {
  acceptor_->stop();
  ::eventfd_write(shut_down_.raw(), 1);
  std::unique_lock lock(mutex_);
  all_ended_.wait_for(lock, patience, [this] { return sockets_.empty(); });
}

void Server::cut_all() {
  const std::scoped_lock lock(mutex_);
  for (const auto& [id, socket] : sockets_) ::shutdown(socket, SHUT_RDWR);
}

void Server::accept(proc::UniqueFd socket, const sockaddr_storage& peer_address) {
  const int no_delay = 1;
  ::setsockopt(socket.raw(), IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay);
  const std::string peer = to_string(to_host_port(peer_address));
  const ConnectionId id = connections_.open(peer);
  {
    const std::scoped_lock lock(mutex_);
    sockets_.emplace(id, socket.raw());
  }
  const int raw = socket.release();
  const bool is_started =
      start_detached_thread({.name = fmt::format("client-{}", id), .stack_size = kClientStackSize},
                            [this, id, peer, raw] { serve(id, peer, raw); });
  if (!is_started) {
    const proc::UniqueFd closer(raw);
    connections_.close(id, Outcome::RefusedBusy);
    const std::scoped_lock lock(mutex_);
    sockets_.erase(id);
  }
}

// The whole of a client's thread.
void Server::serve(ConnectionId id, const std::string& peer, int socket) {
  proc::UniqueFd owner(socket);
  Outcome outcome = Outcome::InternalError;
  try {
    outcome = shake_hands_and_run(id, peer, socket);
  } catch (...) {
    outcome = Outcome::InternalError;
  }
  connections_.close(id, outcome);
  const std::scoped_lock lock(mutex_);
  sockets_.erase(id);
  owner.reset();
  // Under the lock, since the server may be gone as soon as it is released.
  all_ended_.notify_all();
}

Outcome Server::shake_hands_and_run(ConnectionId id, const std::string& peer, int socket) {
  SessionPeer session{.id = id, .peer = peer, .client = {}, .is_enrolled = !tls_};
  if (!tls_) {
    SocketStream stream(socket);
    return run(stream, session, socket);
  }
  std::optional<TlsStream> stream;
  try {
    stream.emplace(*tls_, socket, Clock::now() + options_.handshake_limit);
  } catch (const TimeoutError&) {
    return Outcome::TimedOut;
  } catch (const HandshakeError&) {
    return Outcome::HandshakeFailed;
  }
  if (!stream->has_alpn()) {
    refuse(*stream, {.code = RefusalCode::Protocol,
                     .text = "this is a topnet server; the ALPN topnet/1 was not offered"});
    say_goodbye(*stream, socket);
    return Outcome::HandshakeFailed;
  }
  if (stream->peer_pin()) session.client = options_.client_name(*stream->peer_pin());
  session.is_enrolled = session.client.has_value();
  if (session.client) connections_.set_client(id, *session.client);
  return run(*stream, session, socket);
}

Outcome Server::run(Stream& stream, const SessionPeer& peer, int socket) {
  if (connections_.snapshot().active() > options_.max_clients) {
    refuse(stream, {.code = RefusalCode::Busy, .text = "too many clients; try again later"});
    say_goodbye(stream, socket);
    return Outcome::RefusedBusy;
  }
  const SessionHooks hooks{.make_report = options_.make_report,
                           .exchange_done = options_.exchange_done,
                           .wait_for_client = [&](Deadline deadline) {
                             return wait_for_client(stream, socket, deadline);
                           }};
  const Outcome outcome = run_session(stream, peer, options_.limits, hooks, connections_);
  connections_.set_phase(peer.id, Phase::Closing);
  say_goodbye(stream, socket);
  return outcome;
}

bool Server::wait_for_client(const Stream& stream, int socket, Deadline deadline) const {
  if (stream.has_buffered()) return true;
  return wait_until_readable(socket, shut_down_.raw(), deadline) == socket;
}

}  // namespace topnet::net
