// Clients that a server does not know, to measure what they cost its enrolled clients:
//
//   stranger_load ADDRESS:PORT KEYLESS UNKNOWN SILENT GARBAGE
//
// KEYLESS clients complete the TLS handshake without a certificate, UNKNOWN ones with a key of
// their own. Then they send nothing. SILENT clients send nothing at all, GARBAGE ones send no TLS.
// When the server disconnects a client, it reconnects at once. Ends when standard input ends.
//
// Prints the line "{}" once all have connected, and at the end the number of connections per second
// of each kind as JSON. Uses a single thread.

#include <fmt/format.h>
#include <netinet/in.h>
#include <openssl/ec.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/parse_number.h"
#include "base/unique_fd.h"
#include "net/connect.h"

namespace {

using namespace topnet::net;
using Clock = std::chrono::steady_clock;

enum Kind : std::size_t { Keyless, Unknown, Silent, Garbage };
constexpr std::array kNames{"keyless", "unknown", "silent", "garbage"};

// One is not TLS; the other is the beginning of an incomplete TLS record.
const std::array<std::string, 2> kGarbage{std::string(300, '\x16'),
                                          std::string("\x16\x03\x01\x02\0\x01\0", 7)};

void add_new_key(SSL_CTX* context) {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
  X509_set_pubkey(certificate, key);
  X509_sign(certificate, key, EVP_sha256());
  if (SSL_CTX_use_certificate(context, certificate) != 1 ||
      SSL_CTX_use_PrivateKey(context, key) != 1) {
    std::fprintf(stderr, "stranger_load: could not use a new key\n");
    std::_Exit(1);
  }
  X509_free(certificate);
  EVP_PKEY_free(key);
}

std::shared_ptr<SSL_CTX> tls_context(bool has_key) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  static constexpr std::string_view kAlpn = "\x08topnet/1";
  SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(kAlpn.data()),
                          static_cast<unsigned>(kAlpn.size()));
  SSL_CTX_set1_groups_list(context.get(), "X25519");
  if (has_key) add_new_key(context.get());
  return context;
}

// One client, which connects again and again.
class Stranger {
 public:
  Stranger(const sockaddr_storage& address, Kind kind, std::size_t number)
      : address_(address), kind_(kind), garbage_(kGarbage.at(number % kGarbage.size())) {
    if (kind <= Unknown) context_ = tls_context(kind == Unknown);
  }

  Kind kind() const { return kind_; }

  void connect(int epoll) {
    ssl_.reset();
    has_sent_ = false;
    socket_ = topnet::base::UniqueFd(
        ::socket(address_.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    ::connect(socket_.raw(), reinterpret_cast<const sockaddr*>(&address_),
              address_.ss_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.ptr = this}};
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, socket_.raw(), &event);
    if (!context_) return;
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), socket_.raw());
    SSL_set_connect_state(ssl_.get());
  }

  // False if the connection has ended.
  bool progress(std::uint32_t events) {
    std::array<char, 1024> ignored{};
    if (ssl_) {
      // Also performs the handshake.
      int count = 0;
      do {
        count = SSL_read(ssl_.get(), ignored.data(), ignored.size());
      } while (count > 0);
      const int error = SSL_get_error(ssl_.get(), count);
      return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
    }
    if (kind_ == Garbage && !has_sent_ && (events & EPOLLOUT) != 0) {
      has_sent_ = true;
      if (::send(socket_.raw(), garbage_.data(), garbage_.size(), 0) < 0) return false;
    }
    ssize_t count = 0;
    do {
      count = ::recv(socket_.raw(), ignored.data(), ignored.size(), 0);
    } while (count > 0);
    return count < 0 && (errno == EAGAIN || errno == ENOTCONN);
  }

 private:
  sockaddr_storage address_;
  Kind kind_;
  const std::string& garbage_;
  std::shared_ptr<SSL_CTX> context_;
  topnet::base::UniqueFd socket_;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_{nullptr, &SSL_free};
  bool has_sent_ = false;
};

bool input_has_ended() {
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  return ::poll(&input, 1, 0) > 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  const auto address = argc == 6 ? parse_host_port(argv[1]) : std::nullopt;
  if (!address) {
    std::fprintf(stderr, "usage: see the head of bench/stranger_load.cpp\n");
    return 2;
  }
  const sockaddr_storage target = resolve(*address, Clock::now() + std::chrono::seconds(5)).front();
  const topnet::base::UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  std::vector<std::unique_ptr<Stranger>> strangers;
  for (std::size_t kind = 0; kind < kNames.size(); ++kind) {
    const auto count = topnet::base::parse_number<std::size_t>(argv[2 + kind]).value_or(0);
    for (std::size_t i = 0; i < count; ++i) {
      strangers.push_back(std::make_unique<Stranger>(target, static_cast<Kind>(kind), i));
      strangers.back()->connect(epoll.raw());
    }
  }
  std::puts("{}");
  std::fflush(stdout);
  std::array<std::uint64_t, kNames.size()> connections{};
  const auto begin = Clock::now();
  std::array<epoll_event, 64> events{};
  while (!input_has_ended()) {
    const int count = ::epoll_wait(epoll.raw(), events.data(), events.size(), 100);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events.at(static_cast<std::size_t>(i));
      Stranger& stranger = *static_cast<Stranger*>(event.data.ptr);
      if (stranger.progress(event.events)) continue;
      ++connections.at(stranger.kind());
      stranger.connect(epoll.raw());
    }
  }
  const std::chrono::duration<double> elapsed = Clock::now() - begin;
  std::string line;
  for (std::size_t kind = 0; kind < kNames.size(); ++kind) {
    line += fmt::format("{}\"{}\":{:.0f}", line.empty() ? "" : ",", kNames.at(kind),
                        static_cast<double>(connections.at(kind)) / elapsed.count());
  }
  fmt::print("{{{}}}\n", line);
  return 0;
}
