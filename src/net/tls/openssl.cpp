#include "net/tls/openssl.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sslerr.h>

#include <array>
#include <string_view>

#include "base/base64.h"

namespace topnet::net {
namespace {

BioPtr make_reader(const std::string& text) {
  BioPtr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  require(bio != nullptr, "could not read PEM text");
  return bio;
}

// Without a callback OpenSSL would prompt for the passphrase of an encrypted key on the terminal.
// `is_encrypted` is a bool.
int refuse_passphrase(char*, int, int, void* is_encrypted) noexcept {
  if (is_encrypted != nullptr) *static_cast<bool*>(is_encrypted) = true;
  return -1;
}

}  // namespace

OpensslError::OpensslError(const std::string& what)
    : std::runtime_error(what + ": " + take_error_text()) {}

OpensslError::OpensslError(const std::string& what, const std::string& reason)
    : std::runtime_error(what + ": " + reason) {
  ERR_clear_error();
}

void require(bool ok, const char* what) {
  if (!ok) throw OpensslError(what);
}

std::string take_error_text() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* const reason = ERR_reason_error_string(code);
  return reason == nullptr ? "unknown error" : reason;
}

std::string take_client_failure(const char* http_hint) {
  const unsigned long code = ERR_peek_error();
  switch (ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0) {
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:  // that of topnet's own clients
      ERR_clear_error();
      return "the client does not trust this server's key";
    case SSL_R_HTTP_REQUEST:
      ERR_clear_error();
      return std::string("the client spoke HTTP, not TLS") + http_hint;
    case SSL_R_WRONG_VERSION_NUMBER:
      ERR_clear_error();
      return "the client spoke no TLS";
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
      ERR_clear_error();
      return "the client closed the connection";
    default:
      return take_error_text();
  }
}

KeyPtr read_private_key(const std::string& pem) {
  const BioPtr bio = make_reader(pem);
  bool is_encrypted = false;
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_passphrase, &is_encrypted));
  if (is_encrypted) {
    throw OpensslError("could not read a private key",
                       "it is encrypted, and topnet does not ask for passphrases; decrypt it with "
                       "`openssl pkey -in FILE -out NEW`");
  }
  require(key != nullptr, "could not read a private key");
  return key;
}

CertificatePtr read_certificate(const std::string& pem) {
  const BioPtr bio = make_reader(pem);
  CertificatePtr certificate(PEM_read_bio_X509(bio.get(), nullptr, refuse_passphrase, nullptr));
  require(certificate != nullptr, "could not read a certificate");
  return certificate;
}

std::vector<CertificatePtr> read_certificates(const std::string& pem) {
  const BioPtr bio = make_reader(pem);
  std::vector<CertificatePtr> certificates;
  while (X509* const certificate =
             PEM_read_bio_X509(bio.get(), nullptr, refuse_passphrase, nullptr)) {
    certificates.emplace_back(certificate);
  }
  require(!certificates.empty(), "could not read a certificate");
  ERR_clear_error();  // the end of the text is queued as an error
  return certificates;
}

namespace {

// `der` is a SubjectPublicKeyInfo that OpenSSL has allocated, or `size` is negative. Takes
// ownership.
Pin pin_of_encoded(unsigned char* der, int size) {
  require(size > 0, "could not encode a public key");
  const std::unique_ptr<unsigned char, FreeWith<[](unsigned char* bytes) { OPENSSL_free(bytes); }>>
      owner(der);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int digest_size = 0;
  require(EVP_Digest(der, static_cast<std::size_t>(size), digest.data(), &digest_size, EVP_sha256(),
                     nullptr) == 1,
          "could not hash a public key");
  return "SHA256:" +
         base::to_base64url({reinterpret_cast<const char*>(digest.data()), digest_size});
}

}  // namespace

Pin pin_of(const X509& certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(&certificate), &der);
  return pin_of_encoded(der, size);
}

Pin pin_of(const EVP_PKEY& key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(&key, &der);
  return pin_of_encoded(der, size);
}

}  // namespace topnet::net
