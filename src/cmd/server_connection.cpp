#include "cmd/server_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cmd/broken_lines.h"
#include "cmd/failure.h"
#include "cmd/question.h"
#include "cmd/state_dir.h"
#include "net/key_ring.h"
#include "net/socket.h"
#include "proc/escape.h"

namespace topnet::cmd {
namespace {

using Clock = std::chrono::steady_clock;

std::vector<sockaddr_storage> resolve(const ServerConnectionOptions& options) {
  auto addresses = net::resolve(options.server, net::Purpose::Connecting);
  if (!options.transport.uses_tls() && !options.transport.allows_unsafe_plaintext) {
    for (const sockaddr_storage& address : addresses) {
      if (net::is_loopback(address)) continue;
      throw UsageError(
          fmt::format("--no-tls to {} would show the report to the network; leave it out, or give "
                      "--unsafe-plaintext too",
                      proc::escape(net::to_string(options.server))));
    }
  }
  return addresses;
}

}  // namespace

ServerConnection::ServerConnection(const ServerConnectionOptions& options)
    : options_(options), address_(proc::escape(net::to_string(options.server))) {
  if (options_.transport.uses_tls()) {
    connect_with_tls();
  } else {
    open_socket(Clock::now() + options_.connect_timeout);
    stream_ = std::make_unique<net::SocketStream>(socket_.raw());
  }
}

void ServerConnection::connect_with_tls() {
  state_ = state_dir(options_.state_dir);
  const net::PrivateFolder folder(state_);
  own_ = net::KeyRing(folder).keys();
  trust_ = std::make_unique<net::Trust>(folder);
  if (!options_.is_again) say_broken_lines(trust_->broken_server_lines());
  for (net::KnownServer& server : trust_->servers()) {
    if (server.address == address_) known_ = std::move(server);
  }
  identity_ = options_.transport.certificate.empty()
                  ? own_->identity
                  : net::load_identity(options_.transport.certificate, options_.transport.key);
  if (!options_.transport.ca.empty()) {
    known_.reset();  // the CA says who the server is
    shake_hands(net::TlsContext::client_of_ca(
        identity_, net::load_certificates(options_.transport.ca), options_.server.host));
    return;
  }
  try {
    shake_hands(net::TlsContext::client(identity_, trusted_pins()));
    remember();
  } catch (const net::UntrustedKeyError& error) {
    const bool may_ask = !options_.pin && !known_;
    if (!may_ask || !ask_to_trust(address_, error.seen())) refuse_key(error.seen());
    shake_hands(net::TlsContext::client(identity_, {error.seen()}));
    known_ = net::KnownServer{
        .address = address_, .pin = error.seen(), .since = proc::now(), .next = {}};
    trust_->remember(*known_);
  }
}

void ServerConnection::open_socket(net::Deadline deadline) {
  socket_ = net::connect_to(resolve(options_), deadline);
}

void ServerConnection::shake_hands(net::TlsContext context) {
  const net::Deadline deadline = Clock::now() + options_.connect_timeout;
  stream_.reset();
  context_.emplace(std::move(context));
  open_socket(deadline);
  try {
    auto stream = std::make_unique<net::TlsStream>(*context_, socket_.raw(), deadline);
    if (!stream->has_alpn()) throw net::HandshakeError("it does not speak topnet/1");
    seen_ = stream->peer_pin().value_or("");
    stream_ = std::move(stream);
  } catch (const net::UntrustedCertificateError& error) {
    throw Failure(ExitCode::Untrusted,
                  fmt::format("the server's certificate is not good: {}", error.what()));
  } catch (const net::HandshakeError& error) {
    throw net::HandshakeError(fmt::format(
        "no TLS connection: {}; is that a topnet server, and one with TLS?", error.what()));
  }
}

std::vector<net::Pin> ServerConnection::trusted_pins() const {
  if (options_.pin) return {*options_.pin};
  std::vector<net::Pin> pins;
  const auto add = [&](const net::KnownServer& server) {
    pins.push_back(server.pin);
    if (server.next) pins.push_back(*server.next);
  };
  if (known_) {
    add(*known_);
    return pins;
  }
  // An address that is not known: a machine that has moved, or this one.
  for (const net::KnownServer& server : trust_->servers()) add(server);
  pins.push_back(own_->identity.pin);
  if (own_->next) pins.push_back(*own_->next);
  // A server that runs may not have noticed yet that its key was switched.
  if (own_->previous) pins.push_back(*own_->previous);
  if (own_->of_pki) pins.push_back(*own_->of_pki);
  return pins;
}

// The server has shown a trusted key.
void ServerConnection::remember() {
  const net::Pin& seen = seen_;
  if (options_.pin) return;
  if (known_) {
    if (seen == known_->pin) return;
    // It has switched to the key that it had announced.
    trust_->note_switch(known_->pin, seen, proc::now());
    known_->pin = seen;
    known_->next.reset();
    return;
  }
  if (own_->is_own(seen)) return;
  for (const net::KnownServer& server : trust_->servers()) {
    if (server.pin != seen && server.next != seen) continue;
    say(fmt::format("{} shows the key that {} is known by, and is known by it from now on",
                    address_, server.address));
    known_ = net::KnownServer{.address = address_, .pin = seen, .since = proc::now(), .next = {}};
    trust_->remember(*known_);
    return;
  }
}

void ServerConnection::refuse_key(const net::Pin& seen) const {
  const std::string state = proc::escape(state_.native());
  if (options_.pin) {
    throw Failure(ExitCode::Untrusted,
                  fmt::format("the server shows the key {}, and not {}, the one of {}; somebody "
                              "may be in between",
                              seen, *options_.pin, options_.pin_origin));
  }
  if (known_) {
    throw Failure(
        ExitCode::Untrusted,
        fmt::format("the server's key has CHANGED: it was {}, learned {}, and is {} now; somebody "
                    "may be in between. If its user says that the new one is right, run "
                    "`topnet trust forget {}` and join again; state directory {}",
                    known_->pin, proc::format_time(known_->since), seen, address_, state));
  }
  throw Failure(
      ExitCode::Untrusted,
      fmt::format("the server shows the key {}, which is not known here (state directory {}); to "
                  "trust it, `topnet trust join` with an invite of its user, or for this call, "
                  "compare it with `topnet trust show` there and add --pin {}",
                  seen, state, seen));
}

void ServerConnection::keep(const std::string& address) {
  trust_->remember({.address = address, .pin = *options_.pin, .since = proc::now(), .next = {}});
}

std::optional<net::Pin> ServerConnection::note_next(const std::optional<net::Pin>& next) {
  if (!next || !known_ || options_.pin) return std::nullopt;
  if (known_->next != next) {
    trust_->note_next(address_, *next);
    known_->next = next;
  }
  return next;
}

}  // namespace topnet::cmd
