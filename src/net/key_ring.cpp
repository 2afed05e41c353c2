#include "net/key_ring.h"

#include <algorithm>
#include <utility>

#include "net/file_error.h"
#include "proc/text.h"

namespace topnet::net {
namespace {

constexpr const char* kKey = "identity.key";
constexpr const char* kNextKey = "identity.next.key";
constexpr const char* kEarlierPins = "identity.earlier";

// One pin a line; what is none counts for nothing.
std::vector<Pin> parse_pins(std::string_view text) {
  std::vector<Pin> pins;
  while (!text.empty()) {
    if (auto pin = parse_pin(proc::take_until(text, "\n"))) pins.push_back(std::move(*pin));
  }
  return pins;
}

}  // namespace

bool Keys::is_own(const Pin& pin) const {
  return pin == identity.pin || pin == next ||
         std::find(earlier.begin(), earlier.end(), pin) != earlier.end();
}

KeyRing::KeyRing(PrivateFolder folder) : folder_(std::move(folder)) { keys(); }

std::shared_ptr<const Keys> KeyRing::keys() {
  const std::scoped_lock lock(mutex_);
  // Asked before the files are read: what changes meanwhile is read the next time.
  const Versions now = versions();
  if (keys_ && now == seen_) return keys_;
  // In this order, the way that a key goes: one that is put in use meanwhile is seen in both of its
  // places, and not in none.
  const auto next = folder_.read(kNextKey);
  Keys keys{.identity = load_identity(folder_), .next = {}, .earlier = {}};
  if (next) {
    const Pin pin = pin_of_key(*next);
    // A crash may have left it there after it was put in use.
    if (pin != keys.identity.pin) keys.next = pin;
  }
  keys.earlier = parse_pins(folder_.read(kEarlierPins).value_or(""));
  keys_ = std::make_shared<const Keys>(std::move(keys));
  seen_ = now;
  return keys_;
}

Pin KeyRing::prepare_next() {
  const PrivateFolder::Lock lock(folder_);
  // A crash may have left it there after it was put in use.
  const auto next = folder_.read(kNextKey);
  if (next && next != folder_.read(kKey)) return pin_of_key(*next);
  const std::string key = make_key();
  folder_.write(kNextKey, key);
  return pin_of_key(key);
}

std::optional<Pin> KeyRing::commit_next(const std::function<void(const Pin& next)>& check) {
  const PrivateFolder::Lock lock(folder_);
  const auto next = folder_.read(kNextKey);
  const auto current = folder_.read(kKey);
  if (!next || !current || next == current) return std::nullopt;
  Pin pin = pin_of_key(*next);
  check(pin);
  // In this order, so that a crash in between leaves one of the two keys in use, and both known.
  folder_.write(kEarlierPins,
                folder_.read(kEarlierPins).value_or("") + pin_of_key(*current) + '\n');
  folder_.write(kKey, *next);
  folder_.remove("identity.crt");  // made again for the new key
  folder_.remove(kNextKey);
  return pin;
}

KeyRing::Versions KeyRing::versions() const {
  return {.key = folder_.version(kKey),
          .next = folder_.version(kNextKey),
          .earlier = folder_.version(kEarlierPins)};
}

}  // namespace topnet::net
