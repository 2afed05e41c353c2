#include "web/http_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "net/address.h"
#include "net/socket.h"

namespace topnet::web {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kStackSize = std::size_t{256} * 1024;

// So long nobody has to give way to others: to send a request, and to take its answer.
constexpr std::chrono::milliseconds kTimeToAsk{500};
constexpr std::chrono::milliseconds kTimeToTakeIt{500};

constexpr std::string_view kEndOfHead = "\r\n\r\n";

// Reads up to the end of the head; what follows it is nobody's business. nullopt where the client
// ends before. A head that is too long comes back without its end.
std::optional<std::string> read_head(net::Stream& stream, net::Deadline deadline) {
  std::string head;
  std::array<std::byte, kMaxHeadSize> buffer{};
  for (;;) {
    const std::size_t room = kMaxHeadSize - head.size();
    if (room == 0) return head;
    const std::size_t count = stream.read_some(std::span(buffer).first(room), deadline);
    if (count == 0) return std::nullopt;
    const std::size_t searched = head.size() < 3 ? 0 : head.size() - 3;
    head.append(reinterpret_cast<const char*>(buffer.data()), count);
    const auto end = head.find(kEndOfHead, searched);
    if (end != std::string::npos) return head.substr(0, end + kEndOfHead.size());
  }
}

// The path of a request that has been let through, without its query.
std::string_view path_in(std::string_view request) {
  request.remove_prefix(request.find(' ') + 1);
  return request.substr(0, request.find_first_of(" ?"));
}

}  // namespace

HttpServer::HttpServer(proc::UniqueFd listener, const std::vector<Route>& routes,
                       HttpServerOptions options, net::Troubles& troubles)
    : options_(std::move(options)), troubles_(troubles), responder_(routes) {
  acceptor_ = std::make_unique<net::Acceptor>(
      std::move(listener),
      net::AcceptorOptions{.name = "http-accept",
                           .take =
                               [this](proc::UniqueFd socket, const sockaddr_storage& peer) {
                                 accept(std::move(socket), net::to_host_port(peer).host);
                               },
                           .wait_for_room = [this] { wait_for_seat(); }},
      troubles);
}

HttpServer::~HttpServer() {
  {
    const std::scoped_lock lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  acceptor_->stop();
}

void HttpServer::accept(proc::UniqueFd socket, const std::string& peer) {
  SeatId id = 0;
  {
    const std::scoped_lock lock(mutex_);
    id = ++last_id_;
    seats_.emplace(id, Seat{.gives_way_from = Clock::now() + kTimeToAsk});
  }
  try {
    if (threads_.start(id, socket, {.name = fmt::format("http-{}", id), .stack_size = kStackSize},
                       [this, id, peer](int own) {
                         serve(id, peer, own);
                         return net::Next::End;
                       })) {
      return;
    }
  } catch (const std::exception&) {
    leave(id);
    throw;
  }
  troubles_.note_no_thread(errno);
  leave(id);
}

// Where all seats are taken, the oldest connection gives way that may: it has sent no whole request
// in time, or does not take its answer.
void HttpServer::wait_for_seat() {
  std::unique_lock lock(mutex_);
  while (!is_ending_ && seats_.size() >= options_.max_connections) {
    const auto now = Clock::now();
    const auto oldest = std::find_if(seats_.begin(), seats_.end(), [now](const auto& entry) {
      return entry.second.gives_way_from <= now;
    });
    if (oldest != seats_.end()) {
      threads_.cut(oldest->first);
      seats_.erase(oldest);
      return;
    }
    const auto next =
        std::min_element(seats_.begin(), seats_.end(), [](const auto& a, const auto& b) {
          return a.second.gives_way_from < b.second.gives_way_from;
        });
    const net::Deadline soonest = next->second.gives_way_from;  // the seat may go meanwhile
    if (soonest == net::Deadline::max()) {
      changed_.wait(lock);
    } else {
      changed_.wait_until(lock, soonest);
    }
  }
}

void HttpServer::leave(SeatId id) {
  const std::scoped_lock lock(mutex_);
  seats_.erase(id);
  changed_.notify_all();
}

// The whole of a connection's thread.
void HttpServer::serve(SeatId id, const std::string& peer, int socket) {
  try {
    answer(id, peer, socket);
  } catch (...) {
    // Slow, gone, or too much for us: it is over either way, and nobody is there to be told.
  }
  leave(id);
}

void HttpServer::answer(SeatId id, const std::string& peer, int socket) {
  const net::Deadline deadline = Clock::now() + options_.head_limit;
  std::shared_ptr<const net::TlsContext> context;  // outlives the stream
  std::unique_ptr<net::Stream> stream;
  if (options_.tls) {
    context = options_.tls();
    stream = std::make_unique<net::TlsStream>(*context, socket, deadline);
  } else {
    stream = std::make_unique<net::SocketStream>(socket);
  }
  const auto head = read_head(*stream, deadline);
  if (!head) return;
  set_gives_way(id, net::Deadline::max());  // while we are the ones who take their time
  const std::string answer = answer_to(*head, peer);
  set_gives_way(id, Clock::now() + kTimeToTakeIt);
  stream->write_all(std::as_bytes(std::span(answer)), Clock::now() + options_.answer_limit);
  set_gives_way(id, Clock::now());
  net::end_gently(*stream, socket);
}

std::string HttpServer::answer_to(const std::string& head, const std::string& peer) {
  const bool is_head = head.starts_with("HEAD ");
  if (!head.ends_with(kEndOfHead)) return HttpResponder::respond(Rejection::HeadTooLarge, is_head);
  const auto judged = judge_head(head, options_.access);
  const auto* const rejection = std::get_if<Rejection>(&judged);
  const bool shows_token =
      rejection == nullptr ? needs_token(path_in(std::get<std::string>(judged)), options_.access)
                           : *rejection == Rejection::WrongToken;
  // After too many guesses a client is not told that it is right, either.
  if (shows_token && !guard_.admit(peer, rejection != nullptr)) {
    return HttpResponder::respond(Rejection::TooManyTries, is_head);
  }
  return rejection == nullptr ? responder_.respond(std::get<std::string>(judged))
                              : HttpResponder::respond(*rejection, is_head);
}

void HttpServer::set_gives_way(SeatId id, net::Deadline from) {
  const std::scoped_lock lock(mutex_);
  // It may have given way already.
  if (const auto seat = seats_.find(id); seat != seats_.end()) seat->second.gives_way_from = from;
  changed_.notify_all();
}

}  // namespace topnet::web
