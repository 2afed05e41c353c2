#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <system_error>

#include "net/address.h"
#include "net/socket.h"
#include "net/tls_impl.h"

namespace topnet::net {

UntrustedKeyError::UntrustedKeyError(Pin seen)
    : std::runtime_error("the server's key " + seen + " is not trusted"), seen_(std::move(seen)) {}

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

// The server's certificate has to be that of `host`, a name or a numeric address.
void expect_host(SSL* ssl, const std::string& host) {
  X509_VERIFY_PARAM* const parameters = SSL_get0_param(ssl);
  if (is_numeric_address(host)) {
    require(X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str()) == 1, "no such address");
    return;
  }
  X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  require(X509_VERIFY_PARAM_set1_host(parameters, host.c_str(), 0) == 1 &&
              // What SSL_set_tlsext_host_name stands for, without its cast.
              SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                       const_cast<char*>(host.c_str())) == 1,
          "no such host name");
}

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
  require(ssl != nullptr && SSL_set_fd(ssl, socket) == 1, "could not set up a TLS connection");
  set_verdict(ssl, impl_->verdict);
  if (context.impl_->host) expect_host(ssl, *context.impl_->host);
  const bool is_server = context.impl_->is_server;
  const auto [result, error] =
      impl_->run([&] { return is_server ? SSL_accept(ssl) : SSL_connect(ssl); }, deadline);
  if (result != 1) {
    if (impl_->verdict.untrusted) throw UntrustedKeyError(*impl_->verdict.untrusted);
    if (const long why = SSL_get_verify_result(ssl); !is_server && why != X509_V_OK) {
      throw UntrustedCertificateError(X509_verify_cert_error_string(why));
    }
    throw HandshakeError(describe(error));
  }
  if (const CertificatePtr certificate{SSL_get1_peer_certificate(ssl)}) {
    peer_pin_ = pin_of(*certificate);
  }
  peer_ca_name_ = impl_->verdict.ca_name;
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
