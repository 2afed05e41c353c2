#include "net/served_client.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

#include "net/socket.h"
#include "net/thread.h"
#include "net/trust_entry.h"

namespace topnet::net {
namespace {

using Clock = std::chrono::steady_clock;

// For the handshake of whoever is turned away, while nobody else is accepted.
constexpr std::chrono::seconds kShortHandshake{1};

const Refusal kBusy{.code = RefusalCode::Busy, .text = "too many clients; try again later"};
// To a client that was revoked as soon as it had joined.
const Refusal kWithdrawn{.code = RefusalCode::JoinRefused,
                         .text = "unknown invite; it has just been withdrawn"};

}  // namespace

ServerState::ServerState(const ServerOptions& given, ServerDelegate& program, Connections& all,
                         std::function<void(ConnectionId)> cut)
    : options(given),
      delegate(program),
      connections(all),
      enrolments([&program](const Pin& pin) { return program.client_name(pin); }),
      places(options.max_clients),
      lobby(options.lobby, std::move(cut)),
      shut_down(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!shut_down) {
    throw std::system_error(errno, std::generic_category(), "could not make an eventfd");
  }
}

ServedClient::ServedClient(ServerState& server, ConnectionId id, std::string peer, int socket)
    : server_(server),
      peer_{.id = id,
            .peer = std::move(peer),
            .pin = {},
            .client = {},
            .is_enrolled = !server.options.uses_tls},
      socket_(socket) {}

std::optional<Outcome> ServedClient::serve() {
  if (!session_) {
    if (const auto ended = receive()) return ended;
    session_.emplace(*stream_, peer_, server_.options.limits, server_.delegate, *this,
                     server_.connections);
  } else {
    give_back_unused_stack();  // of the thread that had it before
  }
  const std::optional<Outcome> outcome = session_->run();
  if (!outcome) return std::nullopt;
  // Before the client is told that all is done, since another one may wait for that.
  if (*outcome == Outcome::Completed) place_.reset();
  server_.connections.set_phase(peer_.id, Phase::Closing);
  end_gently(*stream_, socket_);
  return outcome;
}

// Up to its first frame. Returns how it ended, if it did.
std::optional<Outcome> ServedClient::receive() {
  if (server_.options.uses_tls) {
    if (const auto ended = receive_with_tls()) return ended;
  } else {
    stream_ = std::make_unique<SocketStream>(socket_);
  }
  // Strangers take no place: they are refused with their first frame.
  if (peer_.is_enrolled && !take_place()) return end_busy();
  return std::nullopt;
}

std::optional<Outcome> ServedClient::receive_with_tls() {
  context_ = server_.delegate.tls();
  std::unique_ptr<TlsStream> stream;
  const auto began = Clock::now();
  try {
    stream = std::make_unique<TlsStream>(*context_, socket_,
                                         Clock::now() + server_.options.handshake_limit);
  } catch (const TimeoutError&) {
    return Outcome::TimedOut;
  } catch (const HandshakeError&) {
    // With unread input, a close would destroy the alert.
    SocketStream raw(socket_);
    end_gently(raw, socket_);
    return Outcome::HandshakeFailed;
  }
  server_.connections.count_handshake(Clock::now() - began);
  if (!stream->has_alpn()) {
    refuse(*stream, {.code = RefusalCode::Protocol,
                     .text = "this is a topnet server; the ALPN topnet/1 was not offered"});
    end_gently(*stream, socket_);
    return Outcome::HandshakeFailed;
  }
  peer_.pin = stream->peer_pin();
  try {
    if (peer_.pin) peer_.client = server_.enrolments.let_in(peer_.id, *peer_.pin);
  } catch (const std::exception& error) {
    server_.delegate.failed(peer_, error.what());
    refuse(*stream,
           {.code = RefusalCode::Internal, .text = "the server cannot say who is enrolled"});
    end_gently(*stream, socket_);
    return Outcome::InternalError;
  }
  if (!peer_.client) peer_.client = stream->peer_ca_name();
  peer_.is_enrolled = peer_.client.has_value();
  if (peer_.client) server_.connections.set_client(peer_.id, *peer_.client);
  stream_ = std::move(stream);
  return std::nullopt;
}

Outcome ServedClient::end_busy() {
  refuse(*stream_, kBusy);
  end_gently(*stream_, socket_);
  return Outcome::RefusedBusy;
}

void ServedClient::turn_away() {
  if (server_.options.uses_tls) {
    context_ = server_.delegate.tls();
    stream_ = std::make_unique<TlsStream>(*context_, socket_, Clock::now() + kShortHandshake);
  } else {
    stream_ = std::make_unique<SocketStream>(socket_);
  }
  end_busy();
}

// From here on it does not count as a stranger. False where there is no place for it, or it has
// given way meanwhile.
bool ServedClient::take_place() {
  const bool is_ourselves = peer_.client == kLocal;
  place_ = server_.places.take(is_ourselves ? std::nullopt : peer_.pin);
  return place_ && server_.lobby.leave(peer_.id);
}

std::variant<Joined, Refusal> ServedClient::join(const JoinRequest& request,
                                                 const SessionPeer& peer) {
  const bool was_known = place_.has_value();
  // Before the invite is used: whoever is let in is served.
  if (!was_known) place_ = server_.places.take(peer.pin);
  if (!place_) return kBusy;
  auto answer = server_.delegate.join(request, peer);
  if (std::holds_alternative<Joined>(answer)) {
    if (peer.pin && !server_.enrolments.let_in(peer.id, *peer.pin)) answer = kWithdrawn;
  }
  if (std::holds_alternative<Joined>(answer)) {
    server_.lobby.leave(peer.id);
  } else if (!was_known) {
    place_.reset();
  }
  return answer;
}

Wake ServedClient::wait_for_client(Deadline end) {
  if (stream_->has_buffered()) return Wake::Client;
  try {
    return wait_until_readable(socket_, server_.shut_down.raw(), end) == socket_
               ? Wake::Client
               : Wake::ShuttingDown;
  } catch (const TimeoutError&) {
    return Wake::Nobody;
  }
}

void ServedClient::wait_for_input(Deadline deadline) {
  if (stream_->has_buffered()) return;
  wait_until_ready(socket_, Readiness::Read, deadline);
}

// While the window of a request is open, the client owes nothing: if it ends its side, it has gone.
void ServedClient::wait_until(Deadline end) {
  HangUp first = wait_for_hang_up(socket_, server_.shut_down.raw(), end);
  if (first == HangUp::Wake) {
    if (end > server_.drained.load()) throw ShuttingDownError("the server is shutting down");
    first = wait_for_hang_up(socket_, -1, end);  // the window closes in time
  }
  if (first == HangUp::Socket) throw ConnectionError("the client left before its report");
}

}  // namespace topnet::net
