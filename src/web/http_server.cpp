#include "web/http_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "net/address.h"
#include "net/socket.h"
#include "web/http_text.h"

namespace topnet::web {
namespace {

constexpr std::size_t kStackSize = std::size_t{256} * 1024;

// A connection cannot be evicted for this time after it was accepted, and after its response was
// made.
constexpr std::chrono::milliseconds kRequestGrace{500};
constexpr std::chrono::milliseconds kResponseGrace{500};

constexpr std::string_view kEndOfHead = "\r\n\r\n";

// Returns the head and drops what follows it, and an empty line before it (RFC 9112, section 2.2).
// nullopt if the client closes the connection before. A head that is too long is returned without
// its end.
std::optional<std::string> read_head(net::Stream& stream, net::Deadline deadline) {
  std::string head;
  std::array<std::byte, 4096> buffer;
  bool may_skip_line = true;
  for (;;) {
    const std::size_t room = std::min(kMaxHeadSize - head.size(), buffer.size());
    if (room == 0) return head;
    const std::size_t count = stream.read_some(std::span(buffer).first(room), deadline);
    if (count == 0) return std::nullopt;
    const std::size_t searched = head.size() < 3 ? 0 : head.size() - 3;
    head.append(reinterpret_cast<const char*>(buffer.data()), count);
    if (may_skip_line && head.size() >= kNewline.size()) {
      if (head.starts_with(kNewline)) head.erase(0, kNewline.size());
      may_skip_line = false;
    }
    const auto end = head.find(kEndOfHead, searched);
    if (end != std::string::npos) return head.substr(0, end + kEndOfHead.size());
  }
}

}  // namespace

HttpServer::HttpServer(base::UniqueFd listener, const std::vector<Route>& routes,
                       HttpServerOptions options, net::ResourceErrors& resource_errors)
    : options_(std::move(options)), resource_errors_(resource_errors), responder_(routes) {
  std::vector<base::UniqueFd> listeners;
  listeners.push_back(std::move(listener));
  acceptor_ = std::make_unique<net::Acceptor>(
      std::move(listeners),
      net::AcceptorOptions{.name = "http-accept",
                           .on_connection =
                               [this](base::UniqueFd socket, const sockaddr_storage& peer) {
                                 accept(std::move(socket), net::to_host_port(peer).host);
                               },
                           .wait_for_capacity = [this] { wait_for_slot(); }},
      resource_errors);
}

HttpServer::~HttpServer() {
  {
    const std::scoped_lock lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  acceptor_->stop();
}

void HttpServer::set_token(std::string token) {
  const std::scoped_lock lock(mutex_);
  options_.access.token = std::move(token);
}

AccessRules HttpServer::access() {
  const std::scoped_lock lock(mutex_);
  return options_.access;
}

void HttpServer::accept(base::UniqueFd socket, const std::string& peer) {
  SlotId id = 0;
  {
    const std::scoped_lock lock(mutex_);
    id = ++last_id_;
    slots_.emplace(id, Slot{.evictable_from = Clock::now() + kRequestGrace});
  }
  try {
    if (threads_.start(id, socket, {.name = fmt::format("http-{}", id), .stack_size = kStackSize},
                       [this, id, peer](int own) {
                         serve(id, peer, own);
                         return net::ServeResult::Done;
                       })) {
      return;
    }
  } catch (const std::exception&) {
    release_slot(id);
    throw;
  }
  resource_errors_.record_thread_error(errno);
  release_slot(id);
}

// If all slots are in use, evicts the oldest connection that is evictable: one that has not sent a
// complete head in time, or does not receive its response.
void HttpServer::wait_for_slot() {
  std::unique_lock lock(mutex_);
  while (!is_ending_ && slots_.size() >= options_.max_connections) {
    const auto now = Clock::now();
    const auto oldest = std::find_if(slots_.begin(), slots_.end(), [now](const auto& entry) {
      return entry.second.evictable_from <= now;
    });
    if (oldest != slots_.end()) {
      threads_.disconnect(oldest->first);
      slots_.erase(oldest);
      return;
    }
    const auto next =
        std::min_element(slots_.begin(), slots_.end(), [](const auto& a, const auto& b) {
          return a.second.evictable_from < b.second.evictable_from;
        });
    const auto soonest = next->second.evictable_from;  // a copy: the slot may be released meanwhile
    if (soonest == Clock::time_point::max()) {
      changed_.wait(lock);
    } else {
      changed_.wait_until(lock, soonest);
    }
  }
}

void HttpServer::release_slot(SlotId id) {
  const std::scoped_lock lock(mutex_);
  slots_.erase(id);
  changed_.notify_all();
}

// Runs in the connection's thread.
void HttpServer::serve(SlotId id, const std::string& peer, int socket) {
  try {
    handle_request(id, peer, socket);
  } catch (...) {
    // The client was too slow or is gone, or memory ran out: no response can reach it.
  }
  release_slot(id);
}

void HttpServer::handle_request(SlotId id, const std::string& peer, int socket) {
  const net::Deadline deadline = Clock::now() + options_.head_limit;
  std::shared_ptr<const net::TlsContext> context;  // outlives the stream
  std::unique_ptr<net::Stream> stream;
  if (options_.tls) {
    context = options_.tls();
    try {
      stream = std::make_unique<net::TlsStream>(*context, socket, deadline);
    } catch (const net::HandshakeError& error) {
      options_.handshake_failed(peer, error.what());
      return;
    }
  } else {
    stream = std::make_unique<net::SocketStream>(socket);
  }
  const auto head = read_head(*stream, deadline);
  if (!head) return;
  set_evictable_from(id, Clock::time_point::max());  // while the server makes the response
  const std::string response = response_to(*head, peer);
  set_evictable_from(id, Clock::now() + kResponseGrace);
  stream->write_all(std::as_bytes(std::span(response)), Clock::now() + options_.response_limit);
  set_evictable_from(id, Clock::now());
  net::close_after_drain(*stream, socket);
}

std::string HttpServer::response_to(const std::string& head, const std::string& peer) {
  const bool is_head = head.starts_with("HEAD ");
  if (!head.ends_with(kEndOfHead)) return HttpResponder::respond(Rejection::HeadTooLarge, is_head);
  const auto validated = validate_head(head, access());
  const auto* const rejection = std::get_if<Rejection>(&validated);
  if (rejection == nullptr) return responder_.respond(std::get<std::string>(validated));
  if (*rejection == Rejection::WrongToken && !token_attempts_.admit_failure(peer)) {
    delay_guess();
    return HttpResponder::respond(Rejection::TooManyAttempts, is_head);
  }
  return HttpResponder::respond(*rejection, is_head);
}

// The slot stays in use meanwhile, so that the number of slots limits the rate of guesses.
void HttpServer::delay_guess() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, options_.guess_delay, [this] { return is_ending_; });
}

void HttpServer::set_evictable_from(SlotId id, Clock::time_point time) {
  const std::scoped_lock lock(mutex_);
  // The connection may have been evicted.
  if (const auto slot = slots_.find(id); slot != slots_.end()) slot->second.evictable_from = time;
  changed_.notify_all();
}

}  // namespace topnet::web
