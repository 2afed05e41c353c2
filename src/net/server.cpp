#include "net/server.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>
#include <vector>

#include "net/address.h"
#include "net/socket.h"

namespace topnet::net {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kClientStackSize = std::size_t{256} * 1024;

}  // namespace

Server::Server(proc::UniqueFd listener, ServerOptions options, Connections& connections)
    : options_(std::move(options)),
      connections_(connections),
      shut_down_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!shut_down_) {
    throw std::system_error(errno, std::generic_category(), "could not make an eventfd");
  }
  acceptor_ =
      std::make_unique<Acceptor>(std::move(listener), "accept", connections.accept_errors(),
                                 [this](proc::UniqueFd socket, const sockaddr_storage& peer) {
                                   accept(std::move(socket), peer);
                                 });
}

Server::~Server() { acceptor_->stop(); }

void Server::shut_down(std::chrono::milliseconds patience) {
  acceptor_->stop();
  ::eventfd_write(shut_down_.raw(), 1);
  threads_.wait_until_all_ended(Clock::now() + patience);
}

void Server::check_enrolments() {
  std::vector<std::pair<ConnectionId, Pin>> known;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [id, enrolled] : enrolled_) known.emplace_back(id, enrolled.pin);
  }
  for (const auto& [id, pin] : known) {
    if (options_.client_name(pin)) continue;
    const std::scoped_lock lock(mutex_);
    const auto found = enrolled_.find(id);
    if (found == enrolled_.end()) continue;
    found->second.is_revoked = true;
    // Its thread wakes up, and tells it why.
    threads_.end_input(found->second.socket);
  }
}

void Server::cut_all() { threads_.cut_all(); }

void Server::accept(proc::UniqueFd socket, const sockaddr_storage& peer_address) {
  const int no_delay = 1;
  ::setsockopt(socket.raw(), IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay);
  const std::string peer = to_string(to_host_port(peer_address));
  const ConnectionId id = connections_.open(peer);
  const bool is_started =
      threads_.start(std::move(socket), fmt::format("client-{}", id), kClientStackSize,
                     [this, id, peer](int raw) { serve(id, peer, raw); });
  if (!is_started) connections_.close(id, Outcome::RefusedBusy);
}

// The whole of a client's thread.
void Server::serve(ConnectionId id, const std::string& peer, int socket) {
  Outcome outcome = Outcome::InternalError;
  try {
    outcome = shake_hands_and_run(id, peer, socket);
  } catch (...) {
    outcome = Outcome::InternalError;
  }
  forget(id);
  connections_.close(id, outcome);
}

Outcome Server::shake_hands_and_run(ConnectionId id, const std::string& peer, int socket) {
  SessionPeer session{
      .id = id, .peer = peer, .pin = {}, .client = {}, .is_enrolled = !options_.tls};
  if (!options_.tls) {
    SocketStream stream(socket);
    return run(stream, session, socket);
  }
  const std::shared_ptr<const TlsContext> context = options_.tls();
  std::optional<TlsStream> stream;
  try {
    stream.emplace(*context, socket, Clock::now() + options_.handshake_limit);
  } catch (const TimeoutError&) {
    return Outcome::TimedOut;
  } catch (const HandshakeError&) {
    // With unread input, a close would destroy the alert.
    SocketStream raw(socket);
    end_gently(raw, socket);
    return Outcome::HandshakeFailed;
  }
  if (!stream->has_alpn()) {
    refuse(*stream, {.code = RefusalCode::Protocol,
                     .text = "this is a topnet server; the ALPN topnet/1 was not offered"});
    end_gently(*stream, socket);
    return Outcome::HandshakeFailed;
  }
  session.pin = stream->peer_pin();
  if (session.pin) {
    // In this order: whoever is revoked from now on is found there.
    know(id, *session.pin, socket);
    session.client = options_.client_name(*session.pin);
    if (!session.client) forget(id);
  }
  session.is_enrolled = session.client.has_value();
  if (session.client) connections_.set_client(id, *session.client);
  return run(*stream, session, socket);
}

Outcome Server::run(Stream& stream, const SessionPeer& peer, int socket) {
  const SessionHooks hooks = hooks_for(stream, peer.id, socket);
  // Strangers take no place: they are refused with their first frame.
  const bool takes_place = peer.is_enrolled;
  if (takes_place && !take_place()) {
    refuse(stream, {.code = RefusalCode::Busy, .text = "too many clients; try again later"});
    end_gently(stream, socket);
    return Outcome::RefusedBusy;
  }
  const Outcome outcome = run_session(stream, peer, options_.limits, hooks, connections_);
  // Before the client is told that all is done, since another one may wait for that.
  if (takes_place) --places_taken_;
  connections_.set_phase(peer.id, Phase::Closing);
  end_gently(stream, socket);
  return outcome;
}

SessionHooks Server::hooks_for(Stream& stream, ConnectionId id, int socket) {
  return {.make_report = options_.make_report,
          .join =
              [this, id, socket](const JoinRequest& request, const SessionPeer& peer) {
                if (peer.pin) know(id, *peer.pin, socket);
                auto answer = options_.join(request, peer);
                if (!std::holds_alternative<Joined>(answer) && !peer.client) forget(id);
                return answer;
              },
          .next_pin = options_.next_pin,
          .learned = options_.learned,
          .is_revoked = [this, id] { return is_revoked(id); },
          .exchange_done = options_.exchange_done,
          .wait_for_client =
              [this, &stream, socket](Deadline deadline) {
                return wait_for_client(stream, socket, deadline);
              }};
}

void Server::know(ConnectionId id, const Pin& pin, int socket) {
  const std::scoped_lock lock(mutex_);
  enrolled_.emplace(id, Enrolled{.pin = pin, .socket = socket});
}

void Server::forget(ConnectionId id) {
  const std::scoped_lock lock(mutex_);
  enrolled_.erase(id);
}

bool Server::is_revoked(ConnectionId id) {
  const std::scoped_lock lock(mutex_);
  const auto found = enrolled_.find(id);
  return found != enrolled_.end() && found->second.is_revoked;
}

// False where all are taken.
bool Server::take_place() {
  std::size_t taken = places_taken_;
  while (taken < options_.max_clients) {
    if (places_taken_.compare_exchange_weak(taken, taken + 1)) return true;
  }
  return false;
}

bool Server::wait_for_client(const Stream& stream, int socket, Deadline deadline) const {
  if (stream.has_buffered()) return true;
  return wait_until_readable(socket, shut_down_.raw(), deadline) == socket;
}

}  // namespace topnet::net
