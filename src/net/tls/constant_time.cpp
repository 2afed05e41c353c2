#include "net/tls/constant_time.h"

#include <openssl/crypto.h>

#include "net/tls/sha256.h"

namespace topnet::net {

bool equal_in_constant_time(const std::string& given, const std::string& secret) {
  // Digests have equal lengths, which CRYPTO_memcmp requires.
  const std::string given_digest = digest_of(given);
  const std::string secret_digest = digest_of(secret);
  return CRYPTO_memcmp(given_digest.data(), secret_digest.data(), given_digest.size()) == 0;
}

}  // namespace topnet::net
