#include "net/trust/key_ring.h"

#include <utility>

#include "base/files/file_error.h"
#include "net/tls/openssl.h"

namespace topnet::net {
namespace {

constexpr const char* kKey = "identity.key";
constexpr const char* kNextKey = "identity.next.key";
constexpr const char* kPreviousPin = "identity.previous";
constexpr const char* kExternalPin = "identity.pki";

}  // namespace

bool Keys::is_own(const Pin& pin) const {
  return pin == identity.pin || pin == next || pin == previous;
}

KeyRing::KeyRing(base::StateDirectory state) : state_(std::move(state)) { keys(); }

std::shared_ptr<const Keys> KeyRing::keys() {
  // Taken before the files are read, so that the next call notices changes during the read.
  const Versions now = versions();
  {
    const std::scoped_lock lock(mutex_);
    if (keys_ && now == versions_read_) return keys_;
  }
  auto keys = std::make_shared<const Keys>(read_keys());
  const std::scoped_lock lock(mutex_);
  if (keys_ && now == versions_read_) return keys_;  // read by another thread in the meantime
  keys_ = std::move(keys);
  versions_read_ = now;
  return keys_;
}

Keys KeyRing::read_keys() const {
  // A commit moves a key from next to current to previous. Reading in this order sees a key that
  // moves during the read twice rather than never.
  auto next = read_next();
  Keys keys{.identity = load_identity(state_), .next = {}, .previous = {}, .external_pin = {}};
  // commit_next() may have been interrupted before it removed the file.
  if (next != keys.identity.pin) keys.next = std::move(next);
  keys.previous = read_pin(kPreviousPin);
  keys.external_pin = read_pin(kExternalPin);
  return keys;
}

std::optional<Pin> KeyRing::read_pin(const char* name) const {
  const auto text = state_.read(name);
  if (!text) return std::nullopt;
  auto pin = parse_pin(text->substr(0, text->find('\n')));
  if (!pin) {
    throw base::FileError("use", state_ / name,
                          "line 1 is not a pin (SHA256:…); correct or remove the file");
  }
  return pin;
}

std::optional<Pin> KeyRing::read_next() const {
  const auto key = state_.read(kNextKey);
  if (!key) return std::nullopt;
  try {
    return pin_of_key(*key);
  } catch (const OpensslError& error) {
    throw base::FileError(
        "use", state_ / kNextKey,
        std::string(error.what()) +
            "; restore it from a backup, or remove it and run `topnet trust rotate` again");
  }
}

void KeyRing::set_external_pin(const std::optional<Pin>& pin) {
  if (read_pin(kExternalPin) == pin) return;
  const base::StateDirectory::Lock lock(state_);
  if (pin) {
    state_.write(kExternalPin, *pin + '\n');
  } else {
    state_.remove(kExternalPin);
  }
}

Pin KeyRing::prepare_next() {
  const base::StateDirectory::Lock lock(state_);
  // commit_next() may have been interrupted before it removed the file.
  if (auto next = read_next(); next && state_.read(kNextKey) != state_.read(kKey)) return *next;
  const std::string key = make_key();
  state_.write(kNextKey, key);
  return pin_of_key(key);
}

std::optional<Pin> KeyRing::commit_next(const std::function<void(const Pin& next)>& check) {
  const base::StateDirectory::Lock lock(state_);
  auto pin = read_next();
  const auto next = state_.read(kNextKey);
  const auto current = state_.read(kKey);
  if (!pin || !next || !current || next == current) return std::nullopt;
  check(*pin);
  // In this order, so that after a crash at any point one of the keys is current and both are own.
  state_.write(kPreviousPin, pin_of_key(*current) + '\n');
  state_.write(kKey, *next);
  state_.remove("identity.crt");  // load_identity creates one for the new key
  state_.remove(kNextKey);
  return pin;
}

KeyRing::Versions KeyRing::versions() const {
  return {.key = state_.version(kKey),
          .next = state_.version(kNextKey),
          .previous = state_.version(kPreviousPin),
          .external_pin = state_.version(kExternalPin)};
}

}  // namespace topnet::net
