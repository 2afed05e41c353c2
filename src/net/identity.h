// This machine's key and certificate, kept in the state directory.
//
// One key is used as server and as client. Made on first use; two first uses at once end with one
// identity.
#pragma once

#include <filesystem>
#include <string>

#include "net/pin.h"

namespace topnet::net {

struct Identity {
  std::string key_pem;          // PKCS#8, P-256
  std::string certificate_pem;  // self-signed; only its public key counts
  Pin pin;
};

// Reads STATE/identity.key and identity.crt, and makes them (and STATE, 0700) where they are
// missing. Throws FileError: STATE or the key is open to others (with the chmod that mends it), or
// a file cannot be read, written or understood.
Identity load_identity(const std::filesystem::path& state);

}  // namespace topnet::net
