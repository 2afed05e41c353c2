#include "web/http_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/string_scan.h"
#include "web/http_text.h"

namespace topnet::web {
namespace {

using base::take_until;

// The HTTP library refuses lines above 8 KiB. A longer Accept is ignored.
constexpr std::size_t kMaxAcceptSize = 4096;

// Printable ASCII without blanks.
bool is_word(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

// A header's value may have blanks and bytes above ASCII, but no control characters except tabs.
bool is_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f';
  });
}

struct Target {
  std::string origin_form;                    // "/path?query"
  std::optional<std::string_view> authority;  // of an absolute form
};

// Parses the origin form or the absolute form (RFC 9112, section 3.2).
std::optional<Target> parse_target(std::string_view text) {
  if (!is_word(text)) return std::nullopt;
  if (text.starts_with('/')) return Target{.origin_form = std::string(text), .authority = {}};
  const std::string scheme = to_lower(text.substr(0, text.find("//")));
  if (scheme != "http:" && scheme != "https:") return std::nullopt;
  std::string_view path = text.substr(scheme.size() + 2);
  const std::string_view authority = path.substr(0, path.find_first_of("/?#"));
  path.remove_prefix(authority.size());
  // An empty path is the path "/".
  return Target{.origin_form = (path.starts_with('/') ? "" : "/") + std::string(path),
                .authority = authority};
}

struct RequestLine {
  std::string_view method;
  Target target;
  std::string_view version;

  std::string_view path() const {
    return std::string_view(target.origin_form).substr(0, target.origin_form.find('?'));
  }
  bool needs_host() const { return version == "HTTP/1.1"; }
};

std::variant<RequestLine, Rejection> validate_request_line(std::string_view line) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || last <= first) return Rejection::BadRequest;
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!is_word(method) || (version != "HTTP/1.1" && version != "HTTP/1.0")) {
    return Rejection::BadRequest;
  }
  if (method != "GET" && method != "HEAD") return Rejection::MethodNotAllowed;
  if (target.size() > kMaxTargetSize) return Rejection::TargetTooLong;
  auto parsed = parse_target(target);
  if (!parsed) return Rejection::BadRequest;
  return RequestLine{.method = method, .target = std::move(*parsed), .version = version};
}

}  // namespace

std::variant<std::string, Rejection> validate_head(std::string_view text,
                                                   const AccessRules& rules) {
  const auto validated = validate_request_line(take_until(text, kNewline));
  if (const auto* const rejection = std::get_if<Rejection>(&validated)) return *rejection;
  const auto& request_line = std::get<RequestLine>(validated);
  AccessHeaders access_headers;
  std::string_view accept;
  for (std::string_view line = take_until(text, kNewline); !line.empty();
       line = take_until(text, kNewline)) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return Rejection::BadRequest;
    const std::string name = to_lower(line.substr(0, colon));
    const std::string_view value = trim(line.substr(colon + 1));
    if (!is_word(name) || !is_value(value)) return Rejection::BadRequest;
    if (is_access_header(name) && !access_headers.emplace(name, value).second) {
      return Rejection::BadRequest;  // a repeated header is ambiguous (RFC 9112, section 3.2)
    }
    if (name == "accept" && accept.empty() && value.size() <= kMaxAcceptSize) accept = value;
  }
  if (request_line.needs_host() && !access_headers.contains("host")) return Rejection::BadRequest;
  // The authority of an absolute target replaces Host (RFC 9112, section 3.2.2).
  if (const auto& authority = request_line.target.authority) access_headers["host"] = *authority;
  if (const auto rejection = validate_access(request_line.path(), access_headers, rules))
    return *rejection;
  std::string reduced = fmt::format("{} {} {}\r\n", request_line.method,
                                    request_line.target.origin_form, request_line.version);
  const auto host = access_headers.find("host");
  if (host != access_headers.end()) reduced += fmt::format("host: {}\r\n", host->second);
  if (!accept.empty()) reduced += fmt::format("accept: {}\r\n", accept);
  return reduced + "\r\n";
}

}  // namespace topnet::web
