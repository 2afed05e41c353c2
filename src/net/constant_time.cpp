#include "net/constant_time.h"

#include <openssl/crypto.h>

#include "net/sha256.h"

namespace topnet::net {

bool equal_in_constant_time(const std::string& given, const std::string& secret) {
  // Digests are of one length, and whoever chooses `given` does not choose its digest.
  const std::string a = digest_of(given);
  const std::string b = digest_of(secret);
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace topnet::net
