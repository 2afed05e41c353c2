// This machine's key and certificate, kept in the state directory.
//
// One key is used as server and as client. Made on first use; two first uses at once end with one
// identity.
#pragma once

#include <string>

#include "net/pin.h"
#include "net/private_folder.h"

namespace topnet::net {

struct Identity {
  std::string key_pem;          // PKCS#8, P-256
  std::string certificate_pem;  // self-signed; only its public key counts
  Pin pin;
};

// Reads identity.key and identity.crt of the state directory, and makes them where they are missing. A
// certificate of another key is made anew: only its public key counts, and that is the key's. Throws
// FileError: the key is open to others (with the chmod that mends it), or a file cannot be read,
// written or understood.
Identity load_identity(const PrivateFolder& state);

// A new private key: P-256, PKCS#8 in PEM.
std::string make_key();

// Throws OpensslError where `key_pem` is no private key.
Pin pin_of_key(const std::string& key_pem);

}  // namespace topnet::net
