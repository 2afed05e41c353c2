#include "cmd/doorkeeper.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "cmd/broken_lines.h"
#include "cmd/failure.h"
#include "net/file_error.h"

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
  ring_.note_of_pki(own_pki_ ? std::optional(own_pki_->pin) : std::nullopt);
  keys_ = ring_.keys();
  contexts();  // fails here instead of at the first connection
  clients_version_ = trust_.clients_version();
  say_new_broken_lines();
}

std::optional<std::string> Doorkeeper::expiry() const {
  if (!own_pki_) return std::nullopt;
  return net::expiry_of(own_pki_->certificate_pem);
}

// A file that cannot be used any more ends nothing: those go on that were there before.
std::shared_ptr<const net::Keys> Doorkeeper::keys() {
  std::string problem;
  std::shared_ptr<const net::Keys> now;
  try {
    now = ring_.keys();
  } catch (const net::FileError& error) {
    problem = error.what();
  }
  const std::scoped_lock lock(mutex_);
  if (now) keys_ = now;
  if (std::exchange(said_of_keys_, problem) != problem && !problem.empty()) {
    say(problem + "; going on with the keys of before");
  }
  return keys_;
}

std::shared_ptr<const net::TlsContext> Doorkeeper::tls() { return contexts().protocol; }

std::shared_ptr<const net::TlsContext> Doorkeeper::web_tls() { return contexts().web; }

Doorkeeper::Contexts Doorkeeper::contexts() {
  const std::shared_ptr<const net::Keys> now = keys();
  const std::scoped_lock lock(mutex_);
  if (now != contexts_.keys) {
    using net::TlsContext;
    const net::Identity& shown = own_pki_ ? *own_pki_ : now->identity;
    contexts_ = {.keys = now,
                 .protocol = std::make_shared<const TlsContext>(TlsContext::server(shown, ca_pem_)),
                 .web = std::make_shared<const TlsContext>(TlsContext::web_server(shown))};
  }
  return contexts_;
}

std::optional<std::string> Doorkeeper::client_name(const net::Pin& pin) {
  if (keys()->is_own(pin)) return net::kLocal;
  return trust_.client_name(pin);
}

std::set<std::string> Doorkeeper::client_names() {
  std::set<std::string> names;
  try {
    names = trust_.client_names();
  } catch (const net::FileError&) {
    // look_around() says so.
  }
  names.insert(net::kLocal);
  return names;
}

std::variant<net::Joined, net::Refusal> Doorkeeper::join(const net::JoinRequest& request,
                                                         const net::SessionPeer& peer) {
  if (!peer.pin) return refusal("a client that joins has to show a key");
  const auto refuse = [&](const std::string& why) {
    say(fmt::format("{} may not join: {}", peer.peer, why));
    return refusal(why);
  };
  const std::shared_ptr<const net::Keys> own = keys();
  if (!own->is_own(request.server) && request.server != own->of_pki) {
    return refuse(describe(net::JoinRefusal::NotForThisServer));
  }
  if (own->is_own(*peer.pin)) return refuse("that is this server's own key, which needs no invite");
  const auto result = trust_.join(request.secret, *peer.pin, proc::now());
  if (const auto* const why = std::get_if<net::JoinRefusal>(&result)) return refuse(describe(*why));
  const auto& name = std::get<std::string>(result);
  say(fmt::format("{} has joined as {}, with the key {}", peer.peer, name, *peer.pin));
  return net::Joined{.name = name};
}

// That it could not be noted does not concern the client, who has done its part.
void Doorkeeper::note_learned(const net::SessionPeer& peer, const net::Pin& next) {
  if (!peer.pin) return;
  try {
    trust_.note_learned(*peer.pin, next);
  } catch (const net::FileError& error) {
    say(error.what());
  }
}

bool Doorkeeper::has_changed() {
  const net::PrivateFolder::Version version = trust_.clients_version();
  {
    const std::scoped_lock lock(mutex_);
    if (std::exchange(clients_version_, version) == version) return false;
  }
  say_new_broken_lines();
  return true;
}

void Doorkeeper::say_new_broken_lines() {
  std::set<std::string> broken;
  for (std::string& line : trust_.broken_client_lines()) broken.insert(std::move(line));
  std::vector<std::string> unsaid;
  {
    const std::scoped_lock lock(mutex_);
    std::set_difference(broken.begin(), broken.end(), said_broken_.begin(), said_broken_.end(),
                        std::back_inserter(unsaid));
    said_broken_ = std::move(broken);
  }
  say_broken_lines(unsaid);
}

void Doorkeeper::look_again() {
  const std::scoped_lock lock(mutex_);
  clients_version_ = {};
}

}  // namespace topnet::cmd
