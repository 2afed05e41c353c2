#include "net/tls/sha256.h"

#include <array>

#include "base/hex.h"
#include "net/tls/openssl.h"

namespace topnet::net {

struct Sha256::Impl {
  DigestPtr digest{EVP_MD_CTX_new()};
};

Sha256::Sha256() : impl_(std::make_unique<Impl>()) {
  require(impl_->digest != nullptr &&
              EVP_DigestInit_ex(impl_->digest.get(), EVP_sha256(), nullptr) == 1,
          "could not compute a SHA-256");
}

Sha256::~Sha256() = default;

void Sha256::add(std::string_view bytes) {
  require(EVP_DigestUpdate(impl_->digest.get(), bytes.data(), bytes.size()) == 1,
          "could not compute a SHA-256");
}

std::string Sha256::finish() {
  std::array<unsigned char, 32> bytes{};
  require(EVP_DigestFinal_ex(impl_->digest.get(), bytes.data(), nullptr) == 1,
          "could not compute a SHA-256");
  return base::to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string digest_of(std::string_view bytes) {
  Sha256 digest;
  digest.add(bytes);
  return digest.finish();
}

}  // namespace topnet::net
