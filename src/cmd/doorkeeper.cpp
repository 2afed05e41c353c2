#include "cmd/doorkeeper.h"

#include <fmt/format.h>

#include <utility>

#include "cmd/broken_lines.h"
#include "cmd/failure.h"
#include "net/address.h"

namespace topnet::cmd {
namespace {

net::Refusal refusal(const std::string& text) {
  return {.code = net::RefusalCode::JoinRefused, .text = text};
}

}  // namespace

Doorkeeper::Doorkeeper(const net::PrivateFolder& state, const TransportOptions& transport)
    : ring_(state), trust_(state) {
  if (!transport.certificate.empty()) {
    own_pki_ = net::load_identity(transport.certificate, transport.key);
  }
  if (!transport.ca.empty()) ca_pem_ = net::load_certificates(transport.ca);
  say_broken_lines(trust_.broken_client_lines());
  clients_version_ = trust_.clients_version();
}

std::optional<std::string> Doorkeeper::expiry() const {
  if (!own_pki_) return std::nullopt;
  return net::expiry_of(own_pki_->certificate_pem);
}

std::shared_ptr<const net::TlsContext> Doorkeeper::tls() {
  const std::shared_ptr<const net::Keys> keys = ring_.keys();
  const std::scoped_lock lock(mutex_);
  if (keys != tls_keys_) {
    tls_ = std::make_shared<const net::TlsContext>(net::TlsContext::server(shown(*keys), ca_pem_));
    tls_keys_ = keys;
  }
  return tls_;
}

std::optional<std::string> Doorkeeper::client_name(const net::Pin& pin) {
  if (ring_.keys()->is_own(pin)) return net::kLocal;
  return trust_.client_name(pin);
}

std::variant<net::Joined, net::Refusal> Doorkeeper::join(const net::JoinRequest& request,
                                                         const net::SessionPeer& peer) {
  const std::string host = net::parse_host_port(peer.peer).value_or(net::HostPort{}).host;
  if (!peer.pin) return refusal("a client that joins has to show a key");
  if (!guard_.may_try(host)) return refusal("too many failed joins; try again in a minute");
  const auto refuse = [&](net::JoinRefusal why) {
    guard_.note_failure(host);
    say(fmt::format("{} may not join: {}", peer.peer, describe(why)));
    return refusal(describe(why));
  };
  if (!ring_.keys()->is_own(request.server)) return refuse(net::JoinRefusal::NotForThisServer);
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto result = trust_.join(request.secret, *peer.pin, now);
  if (const auto* const why = std::get_if<net::JoinRefusal>(&result)) return refuse(*why);
  const auto& name = std::get<std::string>(result);
  say(fmt::format("{} has joined as {}, with the key {}", peer.peer, name, *peer.pin));
  return net::Joined{.name = name};
}

void Doorkeeper::note_learned(const net::SessionPeer& peer, const net::Pin& next) {
  if (peer.pin) trust_.note_learned(*peer.pin, next);
}

bool Doorkeeper::has_changed() {
  const net::PrivateFolder::Version version = trust_.clients_version();
  const std::scoped_lock lock(mutex_);
  return std::exchange(clients_version_, version) != version;
}

void Doorkeeper::look_again() {
  const std::scoped_lock lock(mutex_);
  clients_version_ = {};
}

}  // namespace topnet::cmd
