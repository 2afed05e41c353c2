#include "net/server/client_handler.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

#include "base/thread.h"
#include "net/socket.h"
#include "net/trust/trust_entries.h"

namespace topnet::net {
namespace {

using Clock = std::chrono::steady_clock;

// For a rejected client's handshake, which blocks the accept loop.
constexpr std::chrono::seconds kShortHandshake{1};

const Refusal kBusy{.code = RefusalCode::Busy, .text = "too many clients; try again later"};
const Refusal kNoKey{.code = RefusalCode::NotEnrolled,
                     .text = "this client showed no key; only enrolled keys are served"};
const Refusal kRevokedWhileJoining{.code = RefusalCode::JoinRefused,
                                   .text =
                                       "the enrolment was revoked while the client joined; ask the "
                                       "server's user for a new invite"};

}  // namespace

ServerContext::ServerContext(const ServerOptions& server_options, ServerDelegate& server_delegate,
                             Connections& all_connections,
                             const std::function<void(ConnectionId)>& evict)
    : options(server_options),
      delegate(server_delegate),
      connections(all_connections),
      revocations([&server_delegate](const Pin& pin) { return server_delegate.client_name(pin); }),
      handshakes(options.handshakes, evict),
      unknown(options.unknown_clients, evict),
      clients(options.max_clients),
      shut_down(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!shut_down) {
    throw std::system_error(errno, std::generic_category(), "could not create an eventfd");
  }
}

ClientHandler::ClientHandler(ServerContext& server, ConnectionId id, std::string peer,
                             std::string network, int socket)
    : server_(server),
      peer_{.id = id,
            .peer = std::move(peer),
            .pin = {},
            .client = {},
            .is_enrolled = !server.options.uses_tls},
      network_(std::move(network)),
      socket_(socket) {}

std::optional<Outcome> ClientHandler::serve() {
  if (!session_) {
    if (const auto outcome = begin()) return outcome;
    session_.emplace(*stream_, peer_, server_.options.limits, server_.delegate, *this,
                     server_.connections);
  } else {
    base::give_back_unused_stack();  // of the thread that served the connection before
  }
  const std::optional<Outcome> outcome = session_->run();
  if (!outcome) return std::nullopt;
  // Before the client sees the end, because it may start another client then.
  if (*outcome == Outcome::Completed) slot_.reset();
  server_.connections.set_phase(peer_.id, Phase::Closing);
  close_after_drain(*stream_, socket_);
  return outcome;
}

// Prepares the session. Returns the outcome if the connection ends before its first frame.
std::optional<Outcome> ClientHandler::begin() {
  if (server_.options.uses_tls) {
    if (const auto outcome = shake_hands()) return outcome;
  } else {
    stream_ = std::make_unique<SocketStream>(socket_);
  }
  if (peer_.is_enrolled) {
    if (!acquire_slot()) return reject(*stream_, kBusy, Outcome::RefusedBusy);
    return std::nullopt;
  }
  if (!peer_.pin) {
    server_.delegate.not_enrolled(peer_);
    return reject(*stream_, kNoKey, Outcome::RefusedAuth);
  }
  // The client may join.
  if (!become_unknown()) return Outcome::RefusedBusy;
  return std::nullopt;
}

std::optional<Outcome> ClientHandler::shake_hands() {
  context_ = server_.delegate.tls();
  std::unique_ptr<TlsStream> stream;
  const auto began = Clock::now();
  try {
    stream = std::make_unique<TlsStream>(*context_, socket_,
                                         Clock::now() + server_.options.handshake_limit);
  } catch (const TimeoutError&) {
    return Outcome::TimedOut;
  } catch (const HandshakeError& error) {
    if (!become_unknown()) return Outcome::RefusedBusy;
    server_.delegate.handshake_failed(peer_.peer, error.what());
    // A close with unread input would reset the connection and destroy the alert.
    SocketStream raw(socket_);
    close_after_drain(raw, socket_);
    return Outcome::HandshakeFailed;
  } catch (const std::exception& error) {
    server_.delegate.handshake_failed(peer_.peer, error.what());
    return Outcome::InternalError;
  }
  server_.connections.count_handshake(Clock::now() - began);
  if (!stream->has_alpn()) {
    return reject(*stream,
                  {.code = RefusalCode::Protocol,
                   .text = "this is a topnet server, and the client did not offer ALPN topnet/1"},
                  Outcome::HandshakeFailed);
  }
  peer_.pin = stream->peer_pin();
  try {
    if (peer_.pin) peer_.client = server_.revocations.admit(peer_.id, *peer_.pin);
  } catch (const std::exception& error) {
    server_.delegate.failed(peer_, error.what());
    return reject(
        *stream,
        {.code = RefusalCode::Internal, .text = "the server could not read its list of clients"},
        Outcome::InternalError);
  }
  if (!peer_.client) peer_.client = stream->peer_ca_name();
  peer_.is_enrolled = peer_.client.has_value();
  if (peer_.client) server_.connections.set_client(peer_.id, *peer_.client);
  stream_ = std::move(stream);
  return std::nullopt;
}

void ClientHandler::reject_without_thread() {
  if (server_.options.uses_tls) {
    context_ = server_.delegate.tls();
    stream_ = std::make_unique<TlsStream>(*context_, socket_, Clock::now() + kShortHandshake);
  } else {
    stream_ = std::make_unique<SocketStream>(socket_);
  }
  reject(*stream_, kBusy, Outcome::RefusedBusy);
}

// The client's handshake is over afterwards. False if there is no slot for the client, or if the
// connection has been evicted.
bool ClientHandler::acquire_slot() {
  const bool is_local = peer_.client == kLocal;
  slot_ = server_.clients.acquire(is_local ? std::nullopt : peer_.pin);
  return slot_ && server_.handshakes.leave(peer_.id);
}

// The client's handshake is over afterwards. False if the connection has been evicted.
bool ClientHandler::become_unknown() {
  // Before it leaves its slot, so that it always has one.
  server_.unknown.enter(peer_.id, network_, TimePoint::min());
  return server_.handshakes.leave(peer_.id);
}

// Ends a connection that is not served, with its reason. Returns how it ended.
Outcome ClientHandler::reject(Stream& stream, const Refusal& refusal, Outcome outcome) {
  if (!become_unknown()) return Outcome::RefusedBusy;
  server_.connections.set_phase(peer_.id, Phase::Closing);
  refuse(stream, refusal);
  close_after_drain(stream, socket_);
  return outcome;
}

std::variant<Joined, Refusal> ClientHandler::join(const JoinRequest& request,
                                                  const SessionPeer& peer) {
  // While the client is unknown, since reading the invites may take a while.
  if (auto refusal = server_.delegate.find_join_refusal(request, peer)) return *std::move(refusal);
  const bool had_slot = slot_.has_value();
  // Acquired before the invite is used, so that every client that uses an invite is served.
  if (!had_slot) slot_ = server_.clients.acquire(peer.pin);
  // A client that has been evicted is told nothing.
  if (!slot_ || !server_.unknown.leave(peer.id)) return kBusy;
  auto answer = server_.delegate.join(request, peer);
  if (std::holds_alternative<Joined>(answer)) {
    if (peer.pin && !server_.revocations.admit(peer.id, *peer.pin)) answer = kRevokedWhileJoining;
  }
  if (std::holds_alternative<Refusal>(answer) && !had_slot) {
    become_unknown();
    slot_.reset();
  }
  return answer;
}

WaitResult ClientHandler::wait_for_client(Deadline end) {
  if (stream_->has_buffered()) return WaitResult::Readable;
  try {
    return wait_until_readable(socket_, server_.shut_down.raw(), end) == socket_
               ? WaitResult::Readable
               : WaitResult::ShuttingDown;
  } catch (const TimeoutError&) {
    return WaitResult::TimedOut;
  }
}

void ClientHandler::wait_for_input(Deadline deadline) {
  if (stream_->has_buffered()) return;
  wait_until_ready(socket_, Readiness::Read, deadline);
}

// While the window of a request is open, the client sends nothing. If it ends its side, it has
// left.
void ClientHandler::wait_until(Deadline end) {
  HangUp result = wait_for_hang_up(socket_, server_.shut_down.raw(), end);
  if (result == HangUp::Wake) {
    if (end > server_.drain_deadline.load()) throw ShuttingDownError("the server is shutting down");
    result = wait_for_hang_up(socket_, -1, end);  // the window closes in time
  }
  if (result == HangUp::Socket) throw ConnectionError("the client left before its report");
}

}  // namespace topnet::net
