#include "net/tls/identity.h"

#include <fmt/format.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/files/file_error.h"
#include "net/tls/openssl.h"

namespace topnet::net {
namespace {

template <typename Write>
std::string to_pem(Write write) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  require(bio != nullptr && write(bio.get()) == 1, "could not write PEM text");
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

void set_random_serial_number(X509& certificate) {
  std::array<unsigned char, 8> bytes{};
  require(RAND_bytes(bytes.data(), bytes.size()) == 1, "could not generate random bytes");
  std::uint64_t number = 0;
  for (const unsigned char byte : bytes) number = (number << 8U) | byte;
  // RFC 5280, section 4.1.2.2, requires a positive number.
  require(ASN1_INTEGER_set_uint64(X509_get_serialNumber(&certificate), number >> 1U) == 1,
          "could not create a certificate");
}

// Valid at any time (RFC 5280, section 4.1.2.5), since peers pin the key and ignore the dates.
void set_unlimited_validity(X509& certificate) {
  // Unlike ASN1_TIME_set_string, it encodes years before 2050 as UTCTime, as the RFC requires.
  require(ASN1_TIME_set_string_X509(X509_getm_notBefore(&certificate), "19700101000000Z") == 1 &&
              ASN1_TIME_set_string_X509(X509_getm_notAfter(&certificate), "99991231235959Z") == 1,
          "could not create a certificate");
}

// Browsers and curl require a name even if they are given the certificate itself.
void set_dns_name(X509& certificate) {
  const std::unique_ptr<X509_EXTENSION, FreeWith<&X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name,
                          (std::string("DNS:") + kOwnCertificateName).c_str()));
  require(extension != nullptr && X509_add_ext(&certificate, extension.get(), -1) == 1,
          "could not create a certificate");
}

std::string make_certificate(const std::string& key_pem) {
  const KeyPtr key = read_private_key(key_pem);
  const CertificatePtr certificate(X509_new());
  require(certificate != nullptr, "could not create a certificate");
  set_random_serial_number(*certificate);
  set_unlimited_validity(*certificate);
  set_dns_name(*certificate);
  X509_NAME* const name = X509_get_subject_name(certificate.get());
  const auto* const text = reinterpret_cast<const unsigned char*>(kOwnCertificateName);
  require(X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
              X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0) == 1 &&
              X509_set_issuer_name(certificate.get(), name) == 1 &&
              X509_set_pubkey(certificate.get(), key.get()) == 1 &&
              X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0,
          "could not create a certificate");
  return to_pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); });
}

bool belongs_to(const std::string& certificate_pem, const KeyPtr& key) {
  return X509_check_private_key(read_certificate(certificate_pem).get(), key.get()) == 1;
}

bool is_usable(const std::string& certificate_pem, const KeyPtr& key) {
  try {
    return belongs_to(certificate_pem, key);
  } catch (const OpensslError&) {
    return false;
  }
}

// The key, with an empty certificate if that is missing, damaged or another key's, which happens if
// a switch to a new key was interrupted. nullopt without a key.
std::optional<Identity> read_identity(const base::StateDirectory& state) {
  auto key_pem = state.read("identity.key");
  if (!key_pem) return std::nullopt;
  const KeyPtr key = read_private_key(*key_pem);
  auto certificate_pem = state.read("identity.crt");
  if (certificate_pem && !is_usable(*certificate_pem, key)) certificate_pem.reset();
  ERR_clear_error();
  return Identity{.key_pem = std::move(*key_pem),
                  .certificate_pem = certificate_pem.value_or(""),
                  .pin = pin_of(*key)};
}

Identity read_or_create_identity(const base::StateDirectory& state) {
  const auto is_complete = [](const std::optional<Identity>& found) {
    return found && !found->certificate_pem.empty();
  };
  // Without the lock, which another process may hold for long.
  auto identity = read_identity(state);
  if (is_complete(identity)) return std::move(*identity);
  // Held from the check to the creation, so that concurrent first uses create one identity.
  const base::StateDirectory::Lock lock(state);
  identity = read_identity(state);
  if (!identity) {
    state.write("identity.key", make_key());
    identity = read_identity(state);
  }
  if (!is_complete(identity)) {
    identity->certificate_pem = make_certificate(identity->key_pem);
    state.write("identity.crt", identity->certificate_pem);
  }
  return std::move(*identity);
}

std::string load_certificates(base::UserFile& file) {
  std::string text = file.read();
  try {
    read_certificates(text);
  } catch (const OpensslError& error) {
    throw base::FileError("use", file.path(), error.what());
  }
  return text;
}

Identity load_identity(base::UserFile& certificate, base::UserFile& key) {
  Identity identity{.key_pem = {}, .certificate_pem = load_certificates(certificate), .pin = {}};
  identity.key_pem = key.read();
  try {
    const KeyPtr owned = read_private_key(identity.key_pem);
    require(belongs_to(identity.certificate_pem, owned), "it does not belong to the certificate");
    identity.pin = pin_of(*owned);
  } catch (const OpensslError& error) {
    throw base::FileError("use", key.path(), error.what());
  }
  return identity;
}

}  // namespace

Identity load_identity(const base::StateDirectory& state) {
  try {
    return read_or_create_identity(state);
  } catch (const OpensslError& error) {
    throw base::FileError(
        "use", state / "identity.key",
        fmt::format("{}; restore it from a backup, or remove it for a new identity", error.what()));
  }
}

Pki load_pki(PkiFiles& files) {
  Pki pki;
  if (files.certificate.is_given()) pki.identity = load_identity(files.certificate, files.key);
  if (files.ca.is_given()) pki.ca_pem = load_certificates(files.ca);
  return pki;
}

std::string expiry_of(const std::string& certificates_pem) {
  const CertificatePtr certificate = read_certificate(certificates_pem);
  const BioPtr bio(BIO_new(BIO_s_mem()));
  require(bio != nullptr && ASN1_TIME_print(bio.get(), X509_get0_notAfter(certificate.get())) == 1,
          "could not format a date");
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string make_key() {
  const KeyPtr key(EVP_EC_gen("P-256"));
  require(key != nullptr, "could not create a key");
  return to_pem([&](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

Pin pin_of_key(const std::string& key_pem) { return pin_of(*read_private_key(key_pem)); }

}  // namespace topnet::net
