#include "net/server.h"

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

// For those who wait to be told that the server ends, and to end themselves.
constexpr std::chrono::seconds kTimeToBeTold{1};
constexpr std::size_t kClientStackSize = std::size_t{256} * 1024;

}  // namespace

Server::Server(proc::UniqueFd listener, const ServerOptions& options, ServerDelegate& delegate,
               Connections& connections, Troubles& troubles)
    : state_(options, delegate, connections, [this](ConnectionId id) { threads_.cut(id); }),
      troubles_(troubles) {
  acceptor_ = std::make_unique<Acceptor>(
      std::move(listener),
      AcceptorOptions{
          .name = "accept",
          .take = [this](proc::UniqueFd socket,
                         const sockaddr_storage& peer) { accept(std::move(socket), peer); },
          .wait_for_room = [this] { state_.lobby.wait_for_slot(); }},
      troubles);
}

Server::~Server() { stop_accepting(); }

void Server::stop_accepting() {
  state_.lobby.close();
  acceptor_->stop();
}

void Server::shut_down(std::chrono::milliseconds patience, const Meanwhile& meanwhile) {
  const Deadline end = Clock::now() + patience;
  state_.drained = end;
  stop_accepting();
  ::eventfd_write(state_.shut_down.raw(), 1);
  // A handshake is no exchange, and neither is half a request. Who waits is told first, and so is a
  // client whose handshake is about to be done.
  wait_until_all_ended(std::min<Deadline>(end, Clock::now() + kTimeToBeTold), meanwhile);
  cut_those_in({Phase::Handshake, Phase::Waiting, Phase::Idle});
  wait_until_all_ended(end, meanwhile);
}

void Server::wait_until_all_ended(Deadline deadline, const Meanwhile& meanwhile) {
  while (!threads_.wait_until_all_ended(
             std::min<Deadline>(deadline, Clock::now() + meanwhile.every)) &&
         Clock::now() < deadline) {
    meanwhile.action();
  }
}

void Server::cut_those_in(std::initializer_list<Phase> phases) {
  for (const LiveConnection& connection : state_.connections.snapshot().connections) {
    if (std::find(phases.begin(), phases.end(), connection.phase) == phases.end()) continue;
    threads_.cut(connection.id);
  }
}

void Server::check_enrolments() {
  for (const ConnectionId id : state_.enrolments.find_newly_revoked()) {
    // Its thread wakes up, and tells it why.
    threads_.end_input(id);
  }
}

void Server::cut_revoked() {
  for (const ConnectionId id : state_.enrolments.revoked()) threads_.cut(id);
}

void Server::cut_all() { threads_.cut_all(); }

void Server::accept(proc::UniqueFd socket, const sockaddr_storage& peer_address) {
  const int no_delay = 1;
  ::setsockopt(socket.raw(), IPPROTO_TCP, TCP_NODELAY, &no_delay, sizeof no_delay);
  const std::string peer = to_string(to_host_port(peer_address));
  const ConnectionId id = state_.connections.open(peer);
  std::shared_ptr<ServedClient> client;
  try {
    state_.lobby.enter(id, silent_since(socket.raw()));
    client = std::make_shared<ServedClient>(state_, id, peer, socket.raw());
    if (threads_.start(id, socket,
                       {.name = fmt::format("client-{}", id), .stack_size = kClientStackSize},
                       [this, id, client](int) { return serve(id, *client); })) {
      return;
    }
  } catch (const std::exception&) {
    end(id, Outcome::InternalError);
    throw;
  }
  troubles_.note_no_thread(errno);
  turn_away(id, *client);
}

// A turn of a client's thread.
Next Server::serve(ConnectionId id, ServedClient& client) {
  std::optional<Outcome> outcome;
  try {
    outcome = client.serve();
  } catch (...) {
    outcome = Outcome::InternalError;
  }
  if (!outcome) return Next::NewThread;
  end(id, *outcome);
  return Next::End;
}

// Where there is no thread: whoever comes next has to wait, and there would be none for it, either.
void Server::turn_away(ConnectionId id, ServedClient& client) {
  try {
    client.turn_away();
  } catch (const std::exception&) {
    // It has gone, or is too slow to be told.
  }
  end(id, Outcome::RefusedBusy);
}

void Server::end(ConnectionId id, Outcome outcome) {
  if (!state_.lobby.leave(id)) outcome = Outcome::RefusedBusy;
  state_.enrolments.forget(id);
  state_.connections.close(id, outcome);
}

}  // namespace topnet::net
