#include "net/tls.h"

#include <openssl/err.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>

#include "net/openssl.h"
#include "net/socket.h"

namespace topnet::net {
namespace {

// As ALPN writes a list of one protocol (RFC 7301): its length, its name.
constexpr std::string_view kAlpnList = "\x08topnet/1";

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// A client that offers only other protocols is refused with the alert; one that offers none never
// gets here.
int choose_alpn(SSL*, const unsigned char** chosen, unsigned char* chosen_size,
                const unsigned char* offered, unsigned int offered_size, void*) {
  unsigned char* match = nullptr;
  const int result =
      SSL_select_next_proto(&match, chosen_size, bytes_of(kAlpnList),
                            static_cast<unsigned int>(kAlpnList.size()), offered, offered_size);
  if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = match;
  return SSL_TLSEXT_ERR_OK;
}

int accept_any_certificate(X509_STORE_CTX*, void*) { return 1; }

// What the verification of one handshake saw; hangs on its SSL object.
struct Verdict {
  std::optional<Pin> untrusted;
};

int verdict_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// Accepts the pins in `trusted`, a std::vector<Pin>, and notes another one in the verdict.
int accept_trusted_key(X509_STORE_CTX* store, void* trusted) {
  auto* const ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const X509* const certificate = X509_STORE_CTX_get0_cert(store);
  if (ssl == nullptr || certificate == nullptr) return 0;
  const Pin pin = pin_of(*certificate);
  const auto& pins = *static_cast<const std::vector<Pin>*>(trusted);
  if (std::find(pins.begin(), pins.end(), pin) != pins.end()) return 1;
  static_cast<Verdict*>(SSL_get_ex_data(ssl, verdict_index()))->untrusted = pin;
  X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

SslContextPtr make_context(const SSL_METHOD* method, const Identity& identity) {
  SslContextPtr context(SSL_CTX_new(method));
  require(context != nullptr, "could not set TLS up");
  SSL_CTX* const raw = context.get();
  require(SSL_CTX_set_min_proto_version(raw, TLS1_3_VERSION) == 1, "no TLS 1.3");
  // The first is the cheapest where the processor knows AES.
  require(SSL_CTX_set_ciphersuites(raw,
                                   "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                   "TLS_CHACHA20_POLY1305_SHA256") == 1,
          "no cipher suites");
  require(SSL_CTX_set1_groups_list(raw, "X25519:P-256:P-384") == 1, "no key exchange groups");
  // Resumption has skipped the check of the client's key in well-known servers.
  SSL_CTX_set_options(raw, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  require(SSL_CTX_set_num_tickets(raw, 0) == 1, "could not turn tickets off");
  // Buffers of idle connections are given back: 33 KiB each.
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
  const CertificatePtr certificate = read_certificate(identity.certificate_pem);
  const KeyPtr key = read_private_key(identity.key_pem);
  require(SSL_CTX_use_certificate(raw, certificate.get()) == 1 &&
              SSL_CTX_use_PrivateKey(raw, key.get()) == 1 && SSL_CTX_check_private_key(raw) == 1,
          "could not use the identity");
  return context;
}

}  // namespace

UntrustedKeyError::UntrustedKeyError(Pin seen)
    : std::runtime_error("the server's key " + seen + " is not trusted"), seen_(std::move(seen)) {}

struct TlsContext::Impl {
  SslContextPtr context;
  bool is_server = false;
  std::vector<Pin> trusted;  // of a client
};

TlsContext::TlsContext(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsContext::TlsContext(TlsContext&&) noexcept = default;
TlsContext::~TlsContext() = default;

TlsContext TlsContext::server(const Identity& identity) {
  auto impl = std::make_unique<Impl>();
  impl->context = make_context(TLS_server_method(), identity);
  impl->is_server = true;
  SSL_CTX* const raw = impl->context.get();
  SSL_CTX_set_alpn_select_cb(raw, choose_alpn, nullptr);
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(raw, accept_any_certificate, nullptr);
  return TlsContext(std::move(impl));
}

TlsContext TlsContext::client(const Identity& identity, std::vector<Pin> trusted) {
  auto impl = std::make_unique<Impl>();
  impl->context = make_context(TLS_client_method(), identity);
  impl->trusted = std::move(trusted);
  SSL_CTX* const raw = impl->context.get();
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(raw, accept_trusted_key, &impl->trusted);
  // This one function returns 0 for success.
  require(SSL_CTX_set_alpn_protos(raw, bytes_of(kAlpnList),
                                  static_cast<unsigned int>(kAlpnList.size())) == 0,
          "could not offer the protocol");
  return TlsContext(std::move(impl));
}

struct TlsStream::Impl {
  SslPtr ssl;
  int socket;
  Verdict verdict;

  // Repeats `operation` (an SSL_ function's call) while it waits for the socket; returns its last
  // result and error.
  template <typename Operation>
  std::pair<int, int> run(Operation operation, Deadline deadline) {
    for (;;) {
      ERR_clear_error();
      errno = 0;
      const int result = operation();
      const int error = SSL_get_error(ssl.get(), result);
      if (error == SSL_ERROR_WANT_READ) {
        wait_until_ready(socket, Readiness::Read, deadline);
      } else if (error == SSL_ERROR_WANT_WRITE) {
        wait_until_ready(socket, Readiness::Write, deadline);
      } else {
        return {result, error};
      }
    }
  }
};

namespace {

std::string describe(int error) {
  if (error == SSL_ERROR_SYSCALL) {
    return errno == 0 ? "the peer ended the connection" : std::generic_category().message(errno);
  }
  return take_error_text();
}

}  // namespace

TlsStream::TlsStream(const TlsContext& context, int socket, Deadline deadline)
    : impl_(std::make_unique<Impl>()) {
  impl_->ssl.reset(SSL_new(context.impl_->context.get()));
  impl_->socket = socket;
  SSL* const ssl = impl_->ssl.get();
  require(ssl != nullptr && SSL_set_fd(ssl, socket) == 1 &&
              SSL_set_ex_data(ssl, verdict_index(), &impl_->verdict) == 1,
          "could not set up a TLS connection");
  const bool is_server = context.impl_->is_server;
  const auto [result, error] =
      impl_->run([&] { return is_server ? SSL_accept(ssl) : SSL_connect(ssl); }, deadline);
  if (result != 1) {
    if (impl_->verdict.untrusted) throw UntrustedKeyError(*impl_->verdict.untrusted);
    throw HandshakeError(describe(error));
  }
  if (const CertificatePtr certificate{SSL_get1_peer_certificate(ssl)}) {
    peer_pin_ = pin_of(*certificate);
  }
  const unsigned char* protocol = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl, &protocol, &size);
  has_alpn_ = size > 0;
}

TlsStream::~TlsStream() = default;

std::size_t TlsStream::read_some(std::span<std::byte> buffer, Deadline deadline) {
  SSL* const ssl = impl_->ssl.get();
  std::size_t count = 0;
  const auto [result, error] = impl_->run(
      [&] {
        // Waiting before reading keeps the read buffer away while a connection is idle.
        if (!has_buffered()) wait_until_ready(impl_->socket, Readiness::Read, deadline);
        return SSL_read_ex(ssl, buffer.data(), buffer.size(), &count);
      },
      deadline);
  if (result == 1) return count;
  if (error == SSL_ERROR_ZERO_RETURN) return 0;
  throw ConnectionError(describe(error));
}

bool TlsStream::has_buffered() const { return SSL_has_pending(impl_->ssl.get()) == 1; }

void TlsStream::write_all(std::span<const std::byte> bytes, Deadline deadline) {
  SSL* const ssl = impl_->ssl.get();
  std::size_t count = 0;
  const auto [result, error] =
      impl_->run([&] { return SSL_write_ex(ssl, bytes.data(), bytes.size(), &count); }, deadline);
  if (result != 1) throw ConnectionError(describe(error));
}

void TlsStream::finish_writing(Deadline deadline) {
  SSL* const ssl = impl_->ssl.get();
  const auto [result, error] = impl_->run(
      [&] {
        const int sent = SSL_shutdown(ssl);
        return sent == 0 ? 1 : sent;  // 0: sent, and the peer's goodbye has not come yet
      },
      deadline);
  if (result != 1) throw ConnectionError(describe(error));
  SocketStream(impl_->socket).finish_writing(deadline);
}

}  // namespace topnet::net
