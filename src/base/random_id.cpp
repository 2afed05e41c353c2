#include "base/random_id.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "base/hex.h"

namespace topnet::base {

std::string random_id() {
  std::array<char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw std::system_error(errno, std::generic_category(),
                            "could not get random bytes from the kernel");
  }
  return to_hex({bytes.data(), bytes.size()});
}

}  // namespace topnet::base
