// Incremental SHA-256 (FIPS 180-4).
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace topnet::net {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) = delete;

  void add(std::string_view bytes);

  // 64 lower-case hex digits. May be called once, as the last call.
  std::string finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The SHA-256 of `bytes` as 64 lower-case hex digits.
std::string digest_of(std::string_view bytes);

}  // namespace topnet::net
