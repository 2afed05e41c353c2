#include "net/trust/trusted_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/escape.h"
#include "net/connect.h"
#include "net/socket.h"
#include "net/trust/key_ring.h"

namespace topnet::net {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kNextStep = "check the address, and that `topnet serve` runs there";

}  // namespace

TrustedConnection::TrustedConnection(TrustedConnectionOptions options)
    : options_(std::move(options)), address_(base::escape(to_string(options_.server))) {
  try {
    if (options_.uses_tls) {
      connect_with_tls();
    } else {
      open_socket(Clock::now() + options_.connect_timeout);
      stream_ = std::make_unique<SocketStream>(socket_.raw());
    }
  } catch (const ConnectionError& error) {
    throw ConnectionError(fmt::format("could not connect: {}; {}", error.what(), kNextStep));
  } catch (const TimeoutError& error) {
    const std::chrono::duration<double> timeout = options_.connect_timeout;
    throw TimeoutError(
        fmt::format("{} after {:g} s; {}", error.what(), timeout.count(), kNextStep));
  }
}

void TrustedConnection::connect_with_tls() {
  const base::StateDirectory state(options_.state_dir);
  own_ = KeyRing(state).keys();
  trust_ = std::make_unique<TrustStore>(state);
  for (const std::string& line : trust_->broken_server_lines()) options_.log(line);
  for (KnownServer& server : trust_->servers()) {
    if (server.address == address_) known_ = std::move(server);
  }
  const Pki& pki = options_.pki;
  identity_ = pki.identity ? *pki.identity : own_->identity;
  if (!pki.ca_pem.empty()) {
    known_.reset();  // the CA vouches for the server instead
    handshake(TlsContext::client_of_ca(identity_, pki.ca_pem, options_.server.host));
    return;
  }
  try {
    handshake(TlsContext::client(identity_, trusted_pins()));
    record_trusted_server();
  } catch (const UntrustedKeyError& error) {
    const bool may_prompt = !options_.pin && !known_;
    if (!may_prompt || !options_.prompt(address_, error.seen())) refuse_key(error.seen());
    handshake(TlsContext::client(identity_, {error.seen()}));
    known_ =
        KnownServer{.address = address_, .pin = error.seen(), .since = base::now(), .next = {}};
    trust_->remember(*known_);
  }
}

void TrustedConnection::open_socket(Deadline deadline) {
  const bool needs_loopback = !options_.uses_tls && !options_.allows_unsafe_plaintext;
  const auto check = [&](const sockaddr_storage& address) {
    if (!needs_loopback || is_loopback(address)) return;
    throw PlaintextRefusedError(
        fmt::format("--no-tls would send the report to {} unencrypted; omit it, or add "
                    "--unsafe-plaintext",
                    address_));
  };
  socket_ = connect_to_host(options_.server, {.deadline = deadline, .check = check});
}

void TrustedConnection::handshake(TlsContext context) {
  const Deadline deadline = Clock::now() + options_.connect_timeout;
  stream_.reset();
  context_.emplace(std::move(context));
  open_socket(deadline);
  try {
    auto stream = std::make_unique<TlsStream>(*context_, socket_.raw(), deadline);
    if (!stream->has_alpn()) {
      stream->finish_writing(deadline);
      throw HandshakeError("it does not speak topnet/1");
    }
    seen_ = stream->peer_pin().value_or("");
    stream_ = std::move(stream);
  } catch (const TimeoutError&) {
    throw TimeoutError("timed out in the TLS handshake");
  } catch (const UntrustedCertificateError& error) {
    throw UntrustedServerError(
        fmt::format("the server's certificate is not valid: {}; check the CA's file, and that the "
                    "certificate is for {}",
                    error.what(), base::escape(options_.server.host)));
  } catch (const HandshakeError& error) {
    throw HandshakeError(fmt::format(
        "the TLS handshake failed: {}; check that a topnet server with TLS listens there",
        error.what()));
  }
}

std::vector<Pin> TrustedConnection::trusted_pins() const {
  if (options_.pin) return {*options_.pin};
  std::vector<Pin> pins;
  const auto add = [&](const KnownServer& server) {
    pins.push_back(server.pin);
    if (server.next) pins.push_back(*server.next);
  };
  if (known_) {
    add(*known_);
    return pins;
  }
  // An unknown address may be that of a known server that has moved, or of this machine.
  for (const KnownServer& server : trust_->servers()) add(server);
  pins.push_back(own_->identity.pin);
  if (own_->next) pins.push_back(*own_->next);
  // A running server on this machine may not have noticed a commit of the next key yet.
  if (own_->previous) pins.push_back(*own_->previous);
  if (own_->external_pin) pins.push_back(*own_->external_pin);
  return pins;
}

// After a handshake with a trusted key.
void TrustedConnection::record_trusted_server() {
  const Pin& seen = seen_;
  if (options_.pin) return;
  if (known_) {
    if (seen == known_->pin) return;
    // The server now uses the next key that it had announced.
    trust_->record_switch(known_->pin, seen, base::now());
    known_->pin = seen;
    known_->next.reset();
    return;
  }
  if (own_->is_own(seen)) return;
  for (const KnownServer& server : trust_->servers()) {
    if (server.pin != seen && server.next != seen) continue;
    options_.log(
        fmt::format("{} has the key of the known server {}; recorded it as the same server",
                    address_, server.address));
    known_ = KnownServer{.address = address_, .pin = seen, .since = base::now(), .next = {}};
    trust_->remember(*known_);
    return;
  }
}

void TrustedConnection::refuse_key(const Pin& seen) const {
  const std::string state = base::escape(options_.state_dir.native());
  if (options_.pin) {
    throw UntrustedServerError(
        fmt::format("the server's key is {}, but {} requires {}; the connection may be "
                    "intercepted. Compare the key with `topnet trust show` on the server",
                    seen, options_.pin_origin, *options_.pin));
  }
  if (known_) {
    throw UntrustedServerError(
        fmt::format("the server's key has CHANGED: it was {}, recorded {}, and is {} now; the "
                    "connection may be intercepted. If the server's user confirms the new "
                    "key, run `topnet trust forget {}` and join again; state directory {}",
                    known_->pin, base::format_time(known_->since), seen,
                    base::quote_for_shell(to_string(options_.server)), state));
  }
  throw UntrustedServerError(
      fmt::format("the server's key {} is not known here (state directory {}); to trust it, run "
                  "`topnet trust join` with an invite from the server's user, or compare "
                  "the key with `topnet trust show` on the server and add --pin {}",
                  seen, state, seen));
}

void TrustedConnection::remember(const std::string& address) {
  trust_->remember({.address = address, .pin = *options_.pin, .since = base::now(), .next = {}});
}

std::optional<Pin> TrustedConnection::record_next(const std::optional<Pin>& next) {
  if (!next || !known_ || options_.pin) return std::nullopt;
  if (known_->next != next) {
    trust_->record_next(address_, *next);
    known_->next = next;
  }
  return next;
}

}  // namespace topnet::net
