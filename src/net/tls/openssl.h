// OpenSSL's objects as owned pointers, and its error queue as text. Included by .cpp files only.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "net/tls/pin.h"

namespace topnet::net {

template <auto Free>
struct FreeWith {
  template <typename Object>
  void operator()(Object* object) const {
    Free(object);
  }
};
using BioPtr = std::unique_ptr<BIO, FreeWith<&BIO_free_all>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, FreeWith<&EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, FreeWith<&X509_free>>;
using DigestPtr = std::unique_ptr<EVP_MD_CTX, FreeWith<&EVP_MD_CTX_free>>;
using SslContextPtr = std::unique_ptr<SSL_CTX, FreeWith<&SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, FreeWith<&SSL_free>>;

// An OpenSSL call failed unexpectedly, for example for lack of memory or because of a damaged key.
class OpensslError : public std::runtime_error {
 public:
  // Appends the oldest error of OpenSSL's queue to `what`, and clears the queue.
  explicit OpensslError(const std::string& what);
  // For a reason that is not in the queue. Clears the queue.
  OpensslError(const std::string& what, const std::string& reason);
};

// Throws OpensslError unless `ok`.
void require(bool ok, const char* what);

// The text of the queue's oldest error. Clears the queue.
std::string take_error_text();

// The same for the failed handshake of a server: what the client did, if that is known.
// `http_hint` is appended if the client spoke HTTP.
std::string take_client_failure(const char* http_hint);

// Parse PEM text. Throw OpensslError if `pem` has no such object.
KeyPtr read_private_key(const std::string& pem);
CertificatePtr read_certificate(const std::string& pem);
std::vector<CertificatePtr> read_certificates(const std::string& pem);  // at least one

// The pin of a certificate's public key or of a key. Throw OpensslError.
Pin pin_of(const X509& certificate);
Pin pin_of(const EVP_PKEY& key);

}  // namespace topnet::net
