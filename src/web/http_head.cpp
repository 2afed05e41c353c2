#include "web/http_head.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/string_scan.h"
#include "web/http_text.h"

namespace topnet::web {
namespace {

using base::take_until;

constexpr std::string_view kNewline = "\r\n";
// The headers that a response may depend on, in lower case.
constexpr std::array<std::string_view, 2> kUsedHeaders{"accept", "host"};

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

struct RequestLine {
  std::string_view path;  // without a query
  bool needs_host;
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
  if (!is_word(target) || !target.starts_with('/')) return Rejection::BadRequest;
  return RequestLine{.path = target.substr(0, target.find('?')),
                     .needs_host = version == "HTTP/1.1"};
}

}  // namespace

std::variant<std::string, Rejection> validate_head(std::string_view text,
                                                   const AccessRules& rules) {
  const std::string_view first_line = take_until(text, kNewline);
  const auto request_line = validate_request_line(first_line);
  if (const auto* const rejection = std::get_if<Rejection>(&request_line)) return *rejection;
  std::string reduced = std::string(first_line) + std::string(kNewline);
  AccessHeaders access_headers;
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
    if (std::find(kUsedHeaders.begin(), kUsedHeaders.end(), name) != kUsedHeaders.end()) {
      reduced += name + ": " + std::string(value) + std::string(kNewline);
    }
  }
  const auto& [path, needs_host] = std::get<RequestLine>(request_line);
  if (const auto rejection = validate_access(path, access_headers, needs_host, rules))
    return *rejection;
  return reduced + std::string(kNewline);
}

}  // namespace topnet::web
