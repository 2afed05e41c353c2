#include "net/tls/pin.h"

namespace topnet::net {
namespace {

constexpr std::string_view kPrefix = "SHA256:";
constexpr std::size_t kDigestCharacters = 43;
constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

std::optional<Pin> parse_pin(std::string_view text) {
  if (!text.starts_with(kPrefix) || text.size() != kPrefix.size() + kDigestCharacters) {
    return std::nullopt;
  }
  const std::string_view digest = text.substr(kPrefix.size());
  if (digest.find_first_not_of(kBase64Url) != std::string_view::npos) return std::nullopt;
  // 43 characters encode 258 bits; the last 2 are padding and have to be zero.
  if (kBase64Url.find(digest.back()) % 4 != 0) return std::nullopt;
  return Pin(text);
}

}  // namespace topnet::net
