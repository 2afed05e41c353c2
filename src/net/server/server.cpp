#include "net/server/server.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <optional>
#include <utility>

#include "net/address.h"
#include "net/socket.h"

namespace topnet::net {
namespace {

using Clock = std::chrono::steady_clock;

// How long waiting clients may take to read that the server shuts down, and to leave.
constexpr std::chrono::seconds kNoticeTime{1};
constexpr std::size_t kClientStackSize = std::size_t{256} * 1024;

}  // namespace

Server::Server(std::vector<base::UniqueFd> listeners, const ServerOptions& options,
               ServerDelegate& delegate, Connections& connections, ResourceErrors& resource_errors)
    : context_(options, delegate, connections,
               [this](ConnectionId id) { threads_.disconnect(id); }),
      resource_errors_(resource_errors) {
  if (options.uses_tls) {  // the client sends first
    for (const base::UniqueFd& each : listeners) defer_accept(each.raw(), options.silence);
  }
  acceptor_ = std::make_unique<Acceptor>(
      std::move(listeners),
      AcceptorOptions{.name = "accept",
                      .on_connection =
                          [this](base::UniqueFd socket, const sockaddr_storage& peer) {
                            accept(std::move(socket), peer);
                          }},
      resource_errors);
}

Server::~Server() { stop_accepting(); }

void Server::stop_accepting() {
  context_.handshakes.close();
  context_.unknown.close();
  acceptor_->stop();
}

void Server::shut_down(std::chrono::milliseconds timeout, const PeriodicTask& periodic) {
  const Deadline end = Clock::now() + timeout;
  context_.drain_deadline = end;
  stop_accepting();
  ::eventfd_write(context_.shut_down.raw(), 1);
  // Handshakes and incomplete requests are not drained. The notice time lets waiting clients, and
  // those whose handshake is about to succeed, learn of the shutdown before they are disconnected.
  wait_until_all_ended(std::min<Deadline>(end, Clock::now() + kNoticeTime), periodic);
  disconnect_in({Phase::Handshake, Phase::Waiting, Phase::Idle});
  wait_until_all_ended(end, periodic);
}

void Server::wait_until_all_ended(Deadline deadline, const PeriodicTask& periodic) {
  while (
      !threads_.wait_until_all_ended(std::min<Deadline>(deadline, Clock::now() + periodic.every)) &&
      Clock::now() < deadline) {
    periodic.action();
  }
}

void Server::disconnect_in(std::initializer_list<Phase> phases) {
  for (const LiveConnection& connection : context_.connections.snapshot().connections) {
    if (std::find(phases.begin(), phases.end(), connection.phase) == phases.end()) continue;
    threads_.disconnect(connection.id);
  }
}

void Server::check_enrolments() {
  for (const ConnectionId id : context_.revocations.find_newly_revoked()) {
    // This wakes the client's thread, which tells the client why.
    threads_.end_input(id);
  }
}

void Server::disconnect_revoked() {
  for (const ConnectionId id : context_.revocations.revoked()) threads_.disconnect(id);
}

void Server::disconnect_all() { threads_.disconnect_all(); }

void Server::accept(base::UniqueFd socket, const sockaddr_storage& peer_address) {
  const int no_delay = 1;
  ::setsockopt(socket.raw(), IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay);
  const HostPort address = to_host_port(peer_address);
  const std::string peer = to_string(address);
  const std::string network = network_of(address.host);
  const ConnectionId id = context_.connections.open(peer);
  std::shared_ptr<ClientHandler> client;
  try {
    const auto grace = has_handshake_record(socket.raw()) ? context_.options.handshake_grace
                                                          : std::chrono::milliseconds(0);
    context_.handshakes.enter(id, network, Clock::now() + grace);
    client = std::make_shared<ClientHandler>(context_, id, peer, network, socket.raw());
    if (threads_.start(id, socket,
                       {.name = fmt::format("client-{}", id), .stack_size = kClientStackSize},
                       [this, id, client](int) { return serve(id, *client); })) {
      return;
    }
  } catch (const std::exception&) {
    end(id, Outcome::InternalError);
    throw;
  }
  resource_errors_.record_thread_error(errno);
  reject(id, *client);
}

// Called by the client's thread.
ServeResult Server::serve(ConnectionId id, ClientHandler& client) {
  std::optional<Outcome> outcome;
  try {
    outcome = client.serve();
  } catch (...) {
    outcome = Outcome::InternalError;
  }
  if (!outcome) return ServeResult::HandOff;
  end(id, *outcome);
  return ServeResult::Done;
}

// Called by the acceptor's thread if no thread can be started. Blocks the accept loop, since the
// next connection would get no thread either.
void Server::reject(ConnectionId id, ClientHandler& client) {
  try {
    client.reject_without_thread();
  } catch (const std::exception&) {
    // The client has left, or is too slow.
  }
  end(id, Outcome::RefusedBusy);
}

void Server::end(ConnectionId id, Outcome outcome) {
  if (!context_.handshakes.leave(id)) outcome = Outcome::RefusedBusy;
  // A client that is evicted after its refusal keeps the outcome of that.
  if (!context_.unknown.leave(id) && outcome == Outcome::PeerGone) outcome = Outcome::RefusedBusy;
  context_.revocations.forget(id);
  context_.connections.close(id, outcome);
}

}  // namespace topnet::net
