#include "net/server.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>

#include <algorithm>
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

// For those who wait to be told that the server ends, and to end themselves.
constexpr std::chrono::seconds kTimeToBeTold{1};
constexpr std::size_t kClientStackSize = std::size_t{256} * 1024;

// To a client that was revoked as soon as it had joined.
const Refusal kWithdrawn{.code = RefusalCode::JoinRefused,
                         .text = "unknown invite; it has just been withdrawn"};

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
  const Deadline end = Clock::now() + patience;
  drained_ = end;
  acceptor_->stop();
  ::eventfd_write(shut_down_.raw(), 1);
  // A handshake is no exchange, and neither is half a request; who waits is told first.
  cut_those_in({Phase::Handshake});
  threads_.wait_until_all_ended(std::min<Deadline>(end, Clock::now() + kTimeToBeTold));
  cut_those_in({Phase::Handshake, Phase::Waiting, Phase::Idle});
  threads_.wait_until_all_ended(end);
}

void Server::cut_those_in(std::initializer_list<Phase> phases) {
  for (const LiveConnection& connection : connections_.snapshot().connections) {
    if (std::find(phases.begin(), phases.end(), connection.phase) == phases.end()) continue;
    const std::scoped_lock lock(mutex_);
    const auto found = sockets_.find(connection.id);
    if (found != sockets_.end()) threads_.cut(found->second);
  }
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

void Server::cut_revoked() {
  const std::scoped_lock lock(mutex_);
  for (const auto& [id, enrolled] : enrolled_) {
    if (enrolled.is_revoked) threads_.cut(enrolled.socket);
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
    {
      const std::scoped_lock lock(mutex_);
      sockets_.emplace(id, socket);
    }
    outcome = shake_hands_and_run(id, peer, socket);
  } catch (...) {
    outcome = Outcome::InternalError;
  }
  forget(id);
  {
    const std::scoped_lock lock(mutex_);
    sockets_.erase(id);
  }
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
  try {
    if (session.pin) session.client = let_in(id, *session.pin, socket);
  } catch (const std::exception&) {
    refuse(*stream,
           {.code = RefusalCode::Internal, .text = "the server cannot say who is enrolled"});
    end_gently(*stream, socket);
    return Outcome::InternalError;
  }
  if (!session.client) session.client = stream->peer_ca_name();
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
                auto answer = options_.join(request, peer);
                const bool has_joined = std::holds_alternative<Joined>(answer);
                if (has_joined && peer.pin && !let_in(id, *peer.pin, socket)) answer = kWithdrawn;
                return answer;
              },
          .next_pin = options_.next_pin,
          .learned = options_.learned,
          .is_revoked = [this, id] { return is_revoked(id); },
          .exchange_done = options_.exchange_done,
          .wait_for_client =
              [this, &stream, socket](Deadline deadline) {
                return wait_for_client(stream, socket, deadline);
              },
          .wait_for_input =
              [&stream, socket](Deadline deadline) {
                if (stream.has_buffered()) return;
                wait_until_ready(socket, Readiness::Read, deadline);
              },
          .wait_until = [this, socket](Deadline end) { wait_until(socket, end); }};
}

// The name of an enrolled client, which is from now on found by check_enrolments(). A stranger
// never is: what is no client cannot be revoked, while it joins least of all.
std::optional<std::string> Server::let_in(ConnectionId id, const Pin& pin, int socket) {
  if (!options_.client_name(pin)) return std::nullopt;
  {
    const std::scoped_lock lock(mutex_);
    enrolled_.emplace(id, Enrolled{.pin = pin, .socket = socket});
  }
  // Once more, since it may have been revoked before it could be found.
  auto name = options_.client_name(pin);
  if (!name) forget(id);
  return name;
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

// While the window of a request is open, the client owes nothing: if it ends its side, it has gone.
void Server::wait_until(int socket, Deadline end) const {
  HangUp first = wait_for_hang_up(socket, shut_down_.raw(), end);
  if (first == HangUp::Wake) {
    if (end > drained_.load()) throw ShuttingDownError("the server is shutting down");
    first = wait_for_hang_up(socket, -1, end);  // the window closes in time
  }
  if (first == HangUp::Socket) throw ConnectionError("the client left before its report");
}

}  // namespace topnet::net
