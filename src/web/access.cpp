#include "web/access.h"

#include <algorithm>
#include <array>

#include "base/base64.h"
#include "net/address.h"
#include "net/tls/constant_time.h"
#include "web/http_text.h"

namespace topnet::web {
namespace {

constexpr std::array<std::string_view, 5> kAccessHeaders{"authorization", "host", "sec-fetch-dest",
                                                         "sec-fetch-mode", "sec-fetch-site"};
// Load balancers have no token; this path says only that the server is alive.
constexpr std::string_view kPublicPath = "/healthz";

std::optional<std::string_view> find(const AccessHeaders& headers, std::string_view name) {
  const auto found = headers.find(name);
  return found == headers.end() ? std::nullopt : std::optional(found->second);
}

bool is_our_host(std::string_view value, const HostNames& names) {
  const auto address = net::parse_host_port(value, 80);
  if (!address) return false;
  const std::string host = to_lower(address->host);
  return host == "localhost" || net::is_numeric_address(host) ||
         std::find(names.begin(), names.end(), host) != names.end();
}

// Another site may link to our pages, but not fetch, embed or probe them (Fetch Metadata).
bool is_cross_site(const AccessHeaders& headers) {
  if (find(headers, "sec-fetch-site") != "cross-site") return false;
  return find(headers, "sec-fetch-mode") != "navigate" ||
         find(headers, "sec-fetch-dest") != "document";
}

// The token of `Bearer TOKEN` (RFC 6750), or the password of `Basic` (RFC 7617).
std::optional<std::string> token_in(std::string_view authorization) {
  const auto blank = authorization.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  const std::string scheme = to_lower(authorization.substr(0, blank));
  const std::string_view value = trim(authorization.substr(blank));
  if (scheme == "bearer") return std::string(value);
  if (scheme != "basic") return std::nullopt;
  const auto decoded = base::from_base64(value);
  if (!decoded) return std::nullopt;
  const auto colon = decoded->find(':');
  if (colon == std::string::npos) return std::nullopt;
  return decoded->substr(colon + 1);
}

}  // namespace

bool is_access_header(std::string_view name) {
  return std::find(kAccessHeaders.begin(), kAccessHeaders.end(), name) != kAccessHeaders.end();
}

std::optional<Rejection> validate_access(std::string_view path, const AccessHeaders& headers,
                                         const AccessRules& rules) {
  const auto host = find(headers, "host");
  if (host && !is_our_host(*host, rules.host_names)) return Rejection::WrongHost;
  if (is_cross_site(headers)) return Rejection::CrossSite;
  if (rules.token.empty() || path == kPublicPath) return std::nullopt;
  const auto authorization = find(headers, "authorization");
  if (!authorization) return Rejection::NoToken;
  const auto token = token_in(*authorization);
  if (!token || !net::equal_in_constant_time(*token, rules.token)) return Rejection::WrongToken;
  return std::nullopt;
}

}  // namespace topnet::web
