#include "net/tls/tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <exception>
#include <string_view>
#include <system_error>

#include "net/address.h"
#include "net/socket.h"
#include "net/tls/tls_impl.h"

namespace topnet::net {

UntrustedKeyError::UntrustedKeyError(Pin seen)
    : std::runtime_error("the server's key " + seen + " is not trusted"), seen_(std::move(seen)) {}

struct TlsStream::Impl {
  SslPtr ssl;
  int socket;
  PeerCheck peer_check;

  // Repeats `operation`, a call of an SSL_ function, until it no longer waits for the socket.
  // Returns its last result and SSL_get_error() of that.
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

// Requires a certificate for `host`, a name or a numeric address.
void require_host(SSL* ssl, const std::string& host) {
  X509_VERIFY_PARAM* const parameters = SSL_get0_param(ssl);
  if (is_numeric_address(host)) {
    // A zone means something on this machine only, so no certificate has one.
    require(X509_VERIFY_PARAM_set1_ip_asc(parameters, std::string(without_zone(host)).c_str()) == 1,
            "could not check the server's address");
    return;
  }
  X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  require(X509_VERIFY_PARAM_set1_host(parameters, host.c_str(), 0) == 1 &&
              // SSL_set_tlsext_host_name without its C-style cast.
              SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                       const_cast<char*>(host.c_str())) == 1,
          "could not check the server's name");
}

std::string describe(int error) {
  if (error == SSL_ERROR_SYSCALL) {
    return errno == 0 ? "the peer closed the connection" : std::generic_category().message(errno);
  }
  return take_error_text();
}

}  // namespace

TlsStream::TlsStream(const TlsContext& context, int socket, Deadline deadline)
    : impl_(std::make_unique<Impl>()) {
  impl_->ssl.reset(SSL_new(context.impl_->context.get()));
  impl_->socket = socket;
  SSL* const ssl = impl_->ssl.get();
  require(ssl != nullptr && SSL_set_fd(ssl, socket) == 1, "could not set up a TLS connection");
  set_peer_check(ssl, impl_->peer_check);
  if (context.impl_->host) require_host(ssl, *context.impl_->host);
  const bool is_server = context.impl_->is_server;
  const auto [result, error] =
      impl_->run([&] { return is_server ? SSL_accept(ssl) : SSL_connect(ssl); }, deadline);
  if (result != 1) {
    if (impl_->peer_check.failure) std::rethrow_exception(impl_->peer_check.failure);
    if (impl_->peer_check.untrusted) throw UntrustedKeyError(*impl_->peer_check.untrusted);
    if (const long error_code = SSL_get_verify_result(ssl); !is_server && error_code != X509_V_OK) {
      throw UntrustedCertificateError(X509_verify_cert_error_string(error_code));
    }
    throw HandshakeError(is_server && error == SSL_ERROR_SSL
                             ? take_client_failure(context.impl_->http_hint)
                             : describe(error));
  }
  if (const CertificatePtr certificate{SSL_get1_peer_certificate(ssl)}) {
    peer_pin_ = pin_of(*certificate);
  }
  peer_ca_name_ = impl_->peer_check.ca_name;
  const unsigned char* protocol = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl, &protocol, &size);
  // OpenSSL before 3.0.14 also accepts a protocol that the client has not offered.
  has_alpn_ = std::string_view(reinterpret_cast<const char*>(protocol), size) == kAlpn;
}

TlsStream::~TlsStream() = default;

std::size_t TlsStream::read_some(std::span<std::byte> buffer, Deadline deadline) {
  SSL* const ssl = impl_->ssl.get();
  std::size_t count = 0;
  const auto [result, error] = impl_->run(
      [&] {
        // SSL_read_ex allocates its buffer before it waits: an idle connection needs none.
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
        return sent == 0 ? 1 : sent;  // 0: sent, but the peer's close_notify has not arrived
      },
      deadline);
  if (result != 1) throw ConnectionError(describe(error));
  SocketStream(impl_->socket).finish_writing(deadline);
}

}  // namespace topnet::net
