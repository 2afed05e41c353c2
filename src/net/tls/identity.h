// This machine's key and certificate, stored in the state directory.
//
// The same key serves as server and as client. It is created on first use; concurrent first uses
// create one identity.
#pragma once

#include <optional>
#include <string>

#include "base/files/state_directory.h"
#include "base/files/user_file.h"
#include "net/tls/pin.h"

namespace topnet::net {

// PEM files of the user's own PKI.
struct PkiFiles {
  base::UserFile certificate;  // followed by its chain; requires `key`
  base::UserFile key;
  base::UserFile ca;
};

struct Identity {
  std::string key_pem;          // PKCS#8, P-256
  std::string certificate_pem;  // of `key_pem`; may be followed by its chain
  Pin pin;

  friend bool operator==(const Identity&, const Identity&) = default;
};

// The contents of PkiFiles.
struct Pki {
  std::optional<Identity> identity;
  std::string ca_pem;  // empty without a CA

  friend bool operator==(const Pki&, const Pki&) = default;
};

// The name in a certificate that load_identity() creates, as in certs/.
inline constexpr const char* kOwnCertificateName = "topnet";

// Reads identity.key and identity.crt in the state directory, and creates what is missing. Replaces
// a certificate that does not belong to the key, since peers check its public key alone. Throws
// FileError if others can read the key (the message has the chmod command that fixes it) or if a
// file cannot be read, written or parsed.
Identity load_identity(const base::StateDirectory& state);

// Throws FileError, also if others can read the key or if it does not belong to the certificate.
Pki load_pki(PkiFiles& files);

// When the first certificate expires, for users: "Nov 24 15:00:00 2027 GMT".
std::string expiry_of(const std::string& certificates_pem);

// A new private key: P-256, PKCS#8 in PEM.
std::string make_key();

// Throws OpensslError if `key_pem` is not a private key.
Pin pin_of_key(const std::string& key_pem);

}  // namespace topnet::net
