#include "net/key_ring.h"

#include <utility>

#include "net/file_error.h"
#include "net/openssl.h"

namespace topnet::net {
namespace {

constexpr const char* kKey = "identity.key";
constexpr const char* kNextKey = "identity.next.key";
constexpr const char* kPreviousPin = "identity.previous";
constexpr const char* kPinOfPki = "identity.pki";

}  // namespace

bool Keys::is_own(const Pin& pin) const {
  return pin == identity.pin || pin == next || pin == previous;
}

KeyRing::KeyRing(PrivateFolder folder) : folder_(std::move(folder)) { keys(); }

std::shared_ptr<const Keys> KeyRing::keys() {
  // Asked before the files are read: what changes meanwhile is read the next time.
  const Versions now = versions();
  {
    const std::scoped_lock lock(mutex_);
    if (keys_ && now == seen_) return keys_;
  }
  auto keys = std::make_shared<const Keys>(read_keys());
  const std::scoped_lock lock(mutex_);
  if (keys_ && now == seen_) return keys_;  // another thread was faster
  keys_ = std::move(keys);
  seen_ = now;
  return keys_;
}

Keys KeyRing::read_keys() const {
  // In this order, the way that a key goes: one that is put in use meanwhile is seen in both of its
  // places, and not in none.
  auto next = read_next();
  Keys keys{.identity = load_identity(folder_), .next = {}, .previous = {}, .of_pki = {}};
  // A crash may have left it there after it was put in use.
  if (next != keys.identity.pin) keys.next = std::move(next);
  keys.previous = read_pin(kPreviousPin);
  keys.of_pki = read_pin(kPinOfPki);
  return keys;
}

std::optional<Pin> KeyRing::read_pin(const char* name) const {
  const auto text = folder_.read(name);
  if (!text) return std::nullopt;
  auto pin = parse_pin(text->substr(0, text->find('\n')));
  if (!pin) {
    throw FileError("use", folder_ / name, "line 1 is no pin, SHA256:…; mend or remove the file");
  }
  return pin;
}

std::optional<Pin> KeyRing::read_next() const {
  const auto key = folder_.read(kNextKey);
  if (!key) return std::nullopt;
  try {
    return pin_of_key(*key);
  } catch (const OpensslError& error) {
    throw FileError("use", folder_ / kNextKey,
                    std::string(error.what()) +
                        "; restore it from a backup, or remove it and announce another key");
  }
}

void KeyRing::note_of_pki(const std::optional<Pin>& pin) {
  const PrivateFolder::Lock lock(folder_);
  if (pin) {
    folder_.write(kPinOfPki, *pin + '\n');
  } else {
    folder_.remove(kPinOfPki);
  }
}

Pin KeyRing::prepare_next() {
  const PrivateFolder::Lock lock(folder_);
  // A crash may have left it there after it was put in use.
  if (auto next = read_next(); next && folder_.read(kNextKey) != folder_.read(kKey)) return *next;
  const std::string key = make_key();
  folder_.write(kNextKey, key);
  return pin_of_key(key);
}

std::optional<Pin> KeyRing::commit_next(const std::function<void(const Pin& next)>& check) {
  const PrivateFolder::Lock lock(folder_);
  auto pin = read_next();
  const auto next = folder_.read(kNextKey);
  const auto current = folder_.read(kKey);
  if (!pin || !next || !current || next == current) return std::nullopt;
  check(*pin);
  // In this order, so that a crash in between leaves one of the two keys in use, and both known.
  folder_.write(kPreviousPin, pin_of_key(*current) + '\n');
  folder_.write(kKey, *next);
  folder_.remove("identity.crt");  // made again for the new key
  folder_.remove(kNextKey);
  return pin;
}

KeyRing::Versions KeyRing::versions() const {
  return {.key = folder_.version(kKey),
          .next = folder_.version(kNextKey),
          .previous = folder_.version(kPreviousPin),
          .of_pki = folder_.version(kPinOfPki)};
}

}  // namespace topnet::net
