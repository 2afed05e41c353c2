// This machine's own keys: the one in use, the one to come, and those before it.
//
// A change by another process (`topnet trust rotate`) is noticed at the next look. Any thread may
// call anything.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "net/identity.h"
#include "net/pin.h"
#include "net/private_folder.h"

namespace topnet::net {

struct Keys {
  Identity identity;         // in use
  std::optional<Pin> next;   // announced to clients, and in use later
  std::vector<Pin> earlier;  // in use before; who has one of these is ourselves, too

  bool is_own(const Pin& pin) const;
};

class KeyRing {
 public:
  // Makes the identity on first use. Throws what load_identity throws.
  explicit KeyRing(PrivateFolder folder);

  // The keys as they are now; the same object as long as nothing has changed.
  std::shared_ptr<const Keys> keys();

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
    PrivateFolder::Version earlier;

    friend bool operator==(const Versions&, const Versions&) = default;
  };
  Versions versions() const;

  PrivateFolder folder_;
  std::mutex mutex_;  // guards what follows
  Versions seen_;
  std::shared_ptr<const Keys> keys_;
};

}  // namespace topnet::net
