#include "net/server.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

#include "net/address.h"
#include "net/socket.h"

namespace topnet::net {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kClientStackSize = std::size_t{256} * 1024;

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
  connections_.close(id, outcome);
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
  if (stream->peer_pin()) session.client = options_.client_name(*stream->peer_pin());
  session.is_enrolled = session.client.has_value();
  if (session.client) connections_.set_client(id, *session.client);
  return run(*stream, session, socket);
}

Outcome Server::run(Stream& stream, const SessionPeer& peer, int socket) {
  const SessionHooks hooks{.make_report = options_.make_report,
                           .exchange_done = options_.exchange_done,
                           .wait_for_client = [&](Deadline deadline) {
                             return wait_for_client(stream, socket, deadline);
                           }};
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
