// This machine's key and certificate, kept in the state directory.
//
// One key is used as server and as client. Made on first use; two first uses at once end with one
// identity.
#pragma once

#include <filesystem>
#include <string>

#include "net/pin.h"
#include "net/private_folder.h"

namespace topnet::net {

struct Identity {
  std::string key_pem;          // PKCS#8, P-256
  std::string certificate_pem;  // self-signed; only its public key counts
  Pin pin;
};

// Reads identity.key and identity.crt of the state directory, and makes them where they are
// missing. A certificate of another key is made anew: only its public key counts, and that is the
// key's. Throws FileError: the key is open to others (with the chmod that mends it), or a file
// cannot be read, written or understood.
Identity load_identity(const PrivateFolder& state);

// An identity of an own PKI: a certificate, with what leads to its CA behind it, and its key, both
// in PEM. Throws FileError, also where others can read the key.
Identity load_identity(const std::filesystem::path& certificate, const std::filesystem::path& key);

// The certificates of a file in PEM. Throws FileError where there is none.
std::string load_certificates(const std::filesystem::path& file);

// When the first certificate of `certificates_pem` expires, in words: "Nov 24 15:00:00 2027 GMT".
std::string expiry_of(const std::string& certificates_pem);

// A new private key: P-256, PKCS#8 in PEM.
std::string make_key();

// Throws OpensslError where `key_pem` is no private key.
Pin pin_of_key(const std::string& key_pem);

}  // namespace topnet::net
