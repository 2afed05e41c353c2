#include "net/server/server_auth.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "base/files/file_error.h"
#include "net/tls/openssl.h"

namespace topnet::net {
namespace {

Refusal refusal(const std::string& text) {
  return {.code = RefusalCode::JoinRefused, .text = text};
}

std::optional<Pin> pin_of(const Pki& pki) {
  return pki.identity ? std::optional(pki.identity->pin) : std::nullopt;
}

}  // namespace

ServerAuth::ServerAuth(const base::StateDirectory& state, PkiFiles pki, Log log)
    : log_(std::move(log)),
      ring_(state),
      trust_(state),
      pki_files_(std::move(pki)),
      pki_(std::make_shared<const Pki>(load_pki(pki_files_))) {
  ring_.set_external_pin(pin_of(*pki_));
  keys_ = ring_.keys();
  contexts();  // throws now instead of at the first connection
  clients_version_ = trust_.clients_version();
  log_new_broken_lines();
}

std::string ServerAuth::reload_pki() {
  try {
    const auto fresh = std::make_shared<const Pki>(load_pki(pki_files_));
    if (*fresh == *pki()) return "the certificate, key and CA are unchanged and in use";
    Contexts contexts = make_contexts(keys(), fresh);
    ring_.set_external_pin(pin_of(*fresh));
    const std::scoped_lock lock(mutex_);
    pki_ = fresh;
    contexts_ = std::move(contexts);
  } catch (const std::exception& error) {
    return fmt::format("{}; keeping the certificate, key and CA that were read before",
                       error.what());
  }
  const auto until = expiry();
  return until ? fmt::format("read the certificate files again: pin {}, valid until {}", pin(),
                             *until)
               : "read the CA file again";
}

std::optional<std::string> ServerAuth::expiry() {
  const std::shared_ptr<const Pki> current = pki();
  if (!current->identity) return std::nullopt;
  return expiry_of(current->identity->certificate_pem);
}

std::shared_ptr<const Pki> ServerAuth::pki() {
  const std::scoped_lock lock(mutex_);
  return pki_;
}

// If the files become unreadable, the keys read before stay in use.
std::shared_ptr<const Keys> ServerAuth::keys() {
  std::string problem;
  std::shared_ptr<const Keys> current;
  try {
    current = ring_.keys();
  } catch (const base::FileError& error) {
    problem = error.what();
  }
  const std::scoped_lock lock(mutex_);
  if (current) keys_ = current;
  if (std::exchange(key_problem_, problem) != problem) {
    log_(problem.empty() ? "the server's keys can be read again"
                         : problem + "; keeping the keys that were read before");
  }
  return keys_;
}

std::shared_ptr<const TlsContext> ServerAuth::tls() { return contexts().protocol; }

std::shared_ptr<const TlsContext> ServerAuth::web_tls() { return contexts().web; }

ServerAuth::Contexts ServerAuth::contexts() {
  const std::shared_ptr<const Keys> current = keys();
  const std::scoped_lock lock(mutex_);
  if (current != contexts_.keys || pki_ != contexts_.pki) contexts_ = make_contexts(current, pki_);
  return contexts_;
}

ServerAuth::Contexts ServerAuth::make_contexts(std::shared_ptr<const Keys> keys,
                                               std::shared_ptr<const Pki> pki) const {
  const Identity& identity = pki->identity ? *pki->identity : keys->identity;
  try {
    auto protocol = std::make_shared<const TlsContext>(TlsContext::server(identity, pki->ca_pem));
    auto web = std::make_shared<const TlsContext>(TlsContext::web_server(identity));
    return {.keys = std::move(keys),
            .pki = std::move(pki),
            .protocol = std::move(protocol),
            .web = std::move(web)};
  } catch (const OpensslError& error) {
    if (!pki->identity) throw;
    throw base::FileError("use", pki_files_.certificate.path(), error.what());
  }
}

std::optional<std::string> ServerAuth::client_name(const Pin& pin) {
  if (keys()->is_own(pin)) return kLocal;
  return trust_.client_name(pin);
}

EnrolledSince ServerAuth::enrolled_since() {
  EnrolledSince since = trust_.enrolled_since();
  since[kLocal] = base::WallTime::min();
  return since;
}

std::optional<Refusal> ServerAuth::find_join_refusal(const JoinRequest& request,
                                                     const SessionPeer& peer) {
  if (!peer.pin) return refusal("a client must present a key to join");
  const std::shared_ptr<const Keys> own = keys();
  if (!own->is_own(request.server) && request.server != own->external_pin) {
    return refuse(describe(JoinRefusal::NotForThisServer), peer);
  }
  if (own->is_own(*peer.pin)) {
    return refuse("this is the server's own key, which needs no invite", peer, "");
  }
  const auto why = trust_.find_join_refusal(request.secret, *peer.pin, base::now());
  return why ? std::optional(refuse(describe(*why), peer)) : std::nullopt;
}

std::variant<Joined, Refusal> ServerAuth::join(const JoinRequest& request,
                                               const SessionPeer& peer) {
  const Pin& pin = peer.pin.value();
  const auto result = trust_.join(request.secret, pin, base::now());
  if (const auto* const why = std::get_if<JoinRefusal>(&result)) {
    return refuse(describe(*why), peer);
  }
  const auto& name = std::get<std::string>(result);
  log_(fmt::format("{} has joined as {} with the key {}", peer.peer, name, pin));
  return Joined{.name = name};
}

Refusal ServerAuth::refuse(const std::string& why, const SessionPeer& peer,
                           const char* next_step) const {
  log_(fmt::format("refused to enrol {}: {}", peer.peer, why));
  return refusal(why + next_step);
}

// A failure does not affect the client, so it is only logged.
void ServerAuth::record_learned(const SessionPeer& peer, const Pin& next) {
  if (!peer.pin) return;
  try {
    trust_.record_learned(*peer.pin, next);
  } catch (const base::FileError& error) {
    log_(error.what());
  }
}

bool ServerAuth::has_changed() {
  const base::FileVersion version = trust_.clients_version();
  {
    const std::scoped_lock lock(mutex_);
    if (std::exchange(clients_version_, version) == version) return false;
  }
  log_new_broken_lines();
  return true;
}

void ServerAuth::log_new_broken_lines() {
  std::set<std::string> broken;
  for (std::string& line : trust_.broken_client_lines()) broken.insert(std::move(line));
  std::vector<std::string> new_lines;
  {
    const std::scoped_lock lock(mutex_);
    std::set_difference(broken.begin(), broken.end(), broken_lines_.begin(), broken_lines_.end(),
                        std::back_inserter(new_lines));
    broken_lines_ = std::move(broken);
  }
  for (const std::string& line : new_lines) log_(line);
}

void ServerAuth::forget_version() {
  const std::scoped_lock lock(mutex_);
  clients_version_ = {};
}

}  // namespace topnet::net
