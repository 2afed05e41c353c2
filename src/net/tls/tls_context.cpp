#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "base/escape.h"
#include "net/tls/tls_impl.h"

namespace topnet::net {
namespace {

// An ALPN protocol list with one entry (RFC 7301, section 3.1): its length and its name.
constexpr std::string_view kAlpnList = "\x08topnet/1";

// topnet's own keys use the first; the others are for keys and chains of a PKI.
constexpr const char* kSignatures =
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:ed448:"
    "RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"
    "rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512:"
    "RSA+SHA256:RSA+SHA384:RSA+SHA512";

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// Rejects a client that offers only other protocols with an alert. Not called for a client that
// offers none.
int choose_alpn(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                const unsigned char* offered, unsigned int offered_size, void*) noexcept {
  unsigned char* match = nullptr;
  const int result =
      SSL_select_next_proto(&match, chosen_size, bytes_of(kAlpnList),
                            static_cast<unsigned int>(kAlpnList.size()), offered, offered_size);
  if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = match;
  return SSL_TLSEXT_ERR_OK;
}

// "CN@ca", the common name escaped; nullopt for a certificate without one.
std::optional<std::string> ca_name_of(const X509& certificate) {
  const X509_NAME* const subject = X509_get_subject_name(&certificate);
  const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (index < 0) return std::nullopt;
  const ASN1_STRING* const text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index));
  unsigned char* bytes = nullptr;
  const int size = ASN1_STRING_to_UTF8(&bytes, text);
  if (size < 0) return std::nullopt;
  const std::unique_ptr<unsigned char, FreeWith<[](unsigned char* freed) { OPENSSL_free(freed); }>>
      owner(bytes);
  const std::string_view name(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  return base::escape(name) + "@ca";
}

int accept_any_certificate(X509_STORE_CTX*, void*) noexcept { return 1; }

// Makes a callback of `check`. An exception must not pass through OpenSSL, which is C code: it
// rejects the certificate, and TlsStream rethrows it.
template <int (*check)(X509_STORE_CTX& store, PeerCheck& result, const void* argument)>
int call_check(X509_STORE_CTX* store, void* argument) noexcept {
  auto* const ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  PeerCheck& result = peer_check_of(ssl);
  try {
    return check(*store, result, argument);
  } catch (...) {
    result.failure = std::current_exception();
    X509_STORE_CTX_set_error(store, X509_V_ERR_UNSPECIFIED);
    return 0;
  }
}

// Accepts any certificate, and records the name in one that the server's CA has signed.
int record_ca_name(X509_STORE_CTX& store, PeerCheck& result, const void*) {
  const X509* const certificate = X509_STORE_CTX_get0_cert(&store);
  if (certificate != nullptr && X509_verify_cert(&store) == 1) {
    result.ca_name = ca_name_of(*certificate);
  }
  ERR_clear_error();
  X509_STORE_CTX_set_error(&store, X509_V_OK);
  return 1;
}

// Accepts the pins in `trusted`, a std::vector<Pin>, and records any other pin in the PeerCheck.
int accept_trusted_key(X509_STORE_CTX& store, PeerCheck& result, const void* trusted) {
  const X509* const certificate = X509_STORE_CTX_get0_cert(&store);
  if (certificate == nullptr) return 0;
  const Pin pin = pin_of(*certificate);
  const auto& pins = *static_cast<const std::vector<Pin>*>(trusted);
  if (std::find(pins.begin(), pins.end(), pin) != pins.end()) return 1;
  result.untrusted = pin;
  X509_STORE_CTX_set_error(&store, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

// SSL_CTX_new() applies OpenSSL's configuration file. What topnet sets itself replaces the
// configured values, but for these.
void require_tls_1_3(SSL_CTX* context) {
  const long newest = SSL_CTX_get_max_proto_version(context);
  const bool is_disabled = (SSL_CTX_get_options(context) & SSL_OP_NO_TLSv1_3) != 0;
  if (!is_disabled && (newest == 0 || newest >= TLS1_3_VERSION)) return;
  throw std::runtime_error(fmt::format(
      "OpenSSL's configuration forbids TLS 1.3, which topnet requires; allow it in the file that "
      "OPENSSL_CONF names, or in {}/openssl.cnf (MaxProtocol, Protocol)",
      X509_get_default_cert_area()));
}

void use_identity(SSL_CTX* context, const Identity& identity) {
  const std::vector<CertificatePtr> chain = read_certificates(identity.certificate_pem);
  const KeyPtr key = read_private_key(identity.key_pem);
  // The level is 2 unless OpenSSL's configuration changes it; from 4 on, P-256 keys are too small.
  const std::string failure = fmt::format(
      "could not use the key and its certificate at security level {}, which OpenSSL's "
      "configuration sets",
      SSL_CTX_get_security_level(context));
  require(SSL_CTX_use_certificate(context, chain.front().get()) == 1 &&
              SSL_CTX_use_PrivateKey(context, key.get()) == 1 &&
              SSL_CTX_check_private_key(context) == 1,
          failure.c_str());
  for (std::size_t i = 1; i < chain.size(); ++i) {
    require(SSL_CTX_add1_chain_cert(context, chain[i].get()) == 1, failure.c_str());
  }
}

SslContextPtr make_context(const SSL_METHOD* method, const Identity& identity) {
  SslContextPtr context(SSL_CTX_new(method));
  require(context != nullptr, "could not set up TLS");
  ERR_clear_error();  // OpenSSL ignores mistakes in its configuration, but queues them
  SSL_CTX* const raw = context.get();
  require_tls_1_3(raw);
  require(SSL_CTX_set_min_proto_version(raw, TLS1_3_VERSION) == 1, "could not require TLS 1.3");
  // The first is the fastest on processors with AES instructions.
  require(SSL_CTX_set_ciphersuites(raw,
                                   "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                   "TLS_CHACHA20_POLY1305_SHA256") == 1,
          "could not set the cipher suites");
  require(SSL_CTX_set1_groups_list(raw, "X25519:P-256:P-384") == 1,
          "could not set the key exchange groups");
  require(SSL_CTX_set1_sigalgs_list(raw, kSignatures) == 1 &&
              SSL_CTX_set1_client_sigalgs_list(raw, kSignatures) == 1,
          "could not set the signature algorithms");
  // A resumed session would skip the check of the client's key, which other servers have missed.
  SSL_CTX_set_options(raw, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  require(SSL_CTX_set_num_tickets(raw, 0) == 1, "could not disable session tickets");
  // Makes a read return after every record, so that records without data (key updates) cannot
  // extend its deadline.
  SSL_CTX_clear_mode(raw, SSL_MODE_AUTO_RETRY);
  // Frees the buffers of idle connections, 33 KiB each.
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
  use_identity(raw, identity);
  return context;
}

void trust_ca(SSL_CTX* context, const std::string& ca_pem) {
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  for (const CertificatePtr& certificate : read_certificates(ca_pem)) {
    require(X509_STORE_add_cert(store, certificate.get()) == 1, "could not use the CA");
  }
}

void offer_alpn(SSL_CTX* context) {
  // Unlike the other functions, this one returns 0 for success.
  require(SSL_CTX_set_alpn_protos(context, bytes_of(kAlpnList),
                                  static_cast<unsigned int>(kAlpnList.size())) == 0,
          "could not set the ALPN protocol");
}

int peer_check_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

}  // namespace

PeerCheck& peer_check_of(SSL* ssl) {
  return *static_cast<PeerCheck*>(SSL_get_ex_data(ssl, peer_check_index()));
}

void set_peer_check(SSL* ssl, PeerCheck& check) {
  require(SSL_set_ex_data(ssl, peer_check_index(), &check) == 1,
          "could not set up a TLS connection");
}

TlsContext::TlsContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsContext::TlsContext(TlsContext&&) noexcept = default;
TlsContext::~TlsContext() = default;

TlsContext TlsContext::server(const Identity& identity, const std::string& ca_pem) {
  auto impl = std::make_unique<Impl>();
  impl->context = make_context(TLS_server_method(), identity);
  impl->is_server = true;
  SSL_CTX* const raw = impl->context.get();
  SSL_CTX_set_alpn_select_cb(raw, choose_alpn, nullptr);
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
  if (ca_pem.empty()) {
    SSL_CTX_set_cert_verify_callback(raw, accept_any_certificate, nullptr);
  } else {
    trust_ca(raw, ca_pem);
    SSL_CTX_set_cert_verify_callback(raw, call_check<record_ca_name>, nullptr);
  }
  return TlsContext(std::move(impl));
}

TlsContext TlsContext::web_server(const Identity& identity) {
  auto impl = std::make_unique<Impl>();
  impl->context = make_context(TLS_server_method(), identity);
  impl->is_server = true;
  impl->http_hint = "; use https://";
  return TlsContext(std::move(impl));
}

TlsContext TlsContext::client(const Identity& identity, std::vector<Pin> trusted) {
  auto impl = std::make_unique<Impl>();
  impl->context = make_context(TLS_client_method(), identity);
  impl->trusted = std::move(trusted);
  SSL_CTX* const raw = impl->context.get();
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(raw, call_check<accept_trusted_key>, &impl->trusted);
  offer_alpn(raw);
  return TlsContext(std::move(impl));
}

TlsContext TlsContext::client_of_ca(const Identity& identity, const std::string& ca_pem,
                                    const std::string& host) {
  auto impl = std::make_unique<Impl>();
  impl->context = make_context(TLS_client_method(), identity);
  impl->host = host;
  SSL_CTX* const raw = impl->context.get();
  trust_ca(raw, ca_pem);
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
  offer_alpn(raw);
  return TlsContext(std::move(impl));
}

}  // namespace topnet::net
