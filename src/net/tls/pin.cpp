#include "net/tls/pin.h"

#include "base/base64.h"

namespace topnet::net {
namespace {

constexpr std::string_view kPrefix = "SHA256:";
constexpr std::size_t kDigestCharacters = 43;

}  // namespace

std::optional<Pin> parse_pin(std::string_view text) {
  if (!text.starts_with(kPrefix) || text.size() != kPrefix.size() + kDigestCharacters) {
    return std::nullopt;
  }
  if (!base::from_base64url(text.substr(kPrefix.size()))) return std::nullopt;
  return Pin(text);
}

}  // namespace topnet::net
