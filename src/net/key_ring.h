// This machine's own keys: the one in use, the one to come, and the one before it.
//
// A change by another process (`topnet trust rotate`) is noticed at the next look. Any thread may
// call anything.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "net/identity.h"
#include "net/pin.h"
#include "net/private_folder.h"

namespace topnet::net {

struct Keys {
  Identity identity;            // in use
  std::optional<Pin> next;      // announced to clients, and in use later
  std::optional<Pin> previous;  // in use before
  std::optional<Pin> of_pki;    // shown by a server that has a certificate of an own PKI

  // Who has one of our keys is ourselves; that of an own PKI only says who a server is.
  bool is_own(const Pin& pin) const;
  // By which one others know this machine as a server.
  const Pin& shown() const { return of_pki ? *of_pki : identity.pin; }
};

class KeyRing {
 public:
  // Makes the identity on first use. Throws what load_identity throws.
  explicit KeyRing(PrivateFolder folder);

  // The keys as they are now; the same object as long as nothing has changed. Throws FileError,
  // also where a file does not hold what it should.
  std::shared_ptr<const Keys> keys();

  // Notes which key of an own PKI a server shows from now on; nullopt: it shows the identity.
  void note_of_pki(const std::optional<Pin>& pin);

  // Makes the key to come, unless there is one, and returns its pin.
  Pin prepare_next();
  // Puts it in use, and returns its pin; nullopt if there is none. `check` may refuse by throwing;
  // the state directory is locked meanwhile.
  std::optional<Pin> commit_next(const std::function<void(const Pin& next)>& check =
                                     [](const Pin&) {});

 private:
  struct Versions {
    PrivateFolder::Version key;
    PrivateFolder::Version next;
    PrivateFolder::Version previous;
    PrivateFolder::Version of_pki;

    friend bool operator==(const Versions&, const Versions&) = default;
  };
  Versions versions() const;
  Keys read_keys() const;
  std::optional<Pin> read_pin(const char* name) const;
  std::optional<Pin> read_next() const;

  PrivateFolder folder_;
  std::mutex mutex_;  // guards what follows
  Versions seen_;
  std::shared_ptr<const Keys> keys_;
};

}  // namespace topnet::net
