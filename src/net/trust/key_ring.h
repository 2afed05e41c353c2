// This machine's own keys: the current, the next and the previous one.
//
// keys() notices changes by other processes (`topnet trust rotate`). Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "base/files/state_directory.h"
#include "net/tls/identity.h"
#include "net/tls/pin.h"

namespace topnet::net {

struct Keys {
  Identity identity;                // the current key
  std::optional<Pin> next;          // announced to clients, for use after the next commit
  std::optional<Pin> previous;      // in use until the last commit
  std::optional<Pin> external_pin;  // of the user's own PKI, if the server presents its certificate

  // Whether a peer with this key is this machine. False for external_pin, since several machines
  // may share the key of a PKI.
  bool is_own(const Pin& pin) const;
  // The key that clients see when they connect to this machine's server.
  const Pin& server_pin() const { return external_pin ? *external_pin : identity.pin; }
};

class KeyRing {
 public:
  // Creates the identity on first use. Throws FileError as load_identity does.
  explicit KeyRing(base::StateDirectory state);

  // The keys as they are now; the same object while they are unchanged. Throws FileError, also if a
  // file is malformed.
  std::shared_ptr<const Keys> keys();

  // Records the key of the user's own PKI that the server presents; nullopt if it presents the
  // identity.
  void set_external_pin(const std::optional<Pin>& pin);

  // Creates the next key unless it exists, and returns its pin.
  Pin prepare_next();
  // Makes the next key the current one, and returns its pin; nullopt without a next key. `check`
  // may refuse by throwing; it is called with the state directory locked.
  std::optional<Pin> commit_next(const std::function<void(const Pin& next)>& check =
                                     [](const Pin&) {});

 private:
  struct Versions {
    base::FileVersion key;
    base::FileVersion next;
    base::FileVersion previous;
    base::FileVersion external_pin;

    friend bool operator==(const Versions&, const Versions&) = default;
  };
  Versions versions() const;
  Keys read_keys() const;
  std::optional<Pin> read_pin(const char* name) const;
  std::optional<Pin> read_next() const;

  base::StateDirectory state_;
  std::mutex mutex_;        // guards the members below
  Versions versions_read_;  // of the files that keys_ was read from
  std::shared_ptr<const Keys> keys_;
};

}  // namespace topnet::net
