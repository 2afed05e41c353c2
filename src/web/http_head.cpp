#include "web/http_head.h"

#include <algorithm>
#include <array>
#include <optional>

#include "net/address.h"
#include "proc/text.h"
#include "web/http_text.h"

namespace topnet::web {
namespace {

using proc::take_until;

constexpr std::string_view kNewline = "\r\n";
// What an answer may depend on, in lower case.
constexpr std::array<std::string_view, 2> kUsedHeaders{"accept", "host"};

// Printable ASCII without blanks: all that a request line's words may be made of.
bool is_word(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

// A header's value may hold blanks and bytes of any text, but no control characters.
bool is_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f';
  });
}

std::optional<Rejection> judge_request_line(std::string_view line) {
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
  return std::nullopt;
}

bool is_our_host(std::string_view value, const HostNames& names) {
  const auto address = net::parse_host_port(value, 80);
  if (!address) return false;
  const std::string host = to_lower(address->host);
  return host == "localhost" || net::is_numeric_address(host) ||
         std::find(names.begin(), names.end(), host) != names.end();
}

}  // namespace

std::variant<std::string, Rejection> judge_head(std::string_view text, const HostNames& names) {
  const std::string_view request_line = take_until(text, kNewline);
  if (const auto rejection = judge_request_line(request_line)) return *rejection;
  std::string passed = std::string(request_line) + std::string(kNewline);
  std::optional<std::string_view> host;
  for (std::string_view line = take_until(text, kNewline); !line.empty();
       line = take_until(text, kNewline)) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return Rejection::BadRequest;
    const std::string name = to_lower(line.substr(0, colon));
    const std::string_view value = trim(line.substr(colon + 1));
    if (!is_word(name) || !is_value(value)) return Rejection::BadRequest;
    if (name == "host") {
      if (host) return Rejection::BadRequest;  // two hosts: RFC 9112, section 3.2
      host = value;
    }
    if (std::find(kUsedHeaders.begin(), kUsedHeaders.end(), name) != kUsedHeaders.end()) {
      passed += name + ": " + std::string(value) + std::string(kNewline);
    }
  }
  if (!host && request_line.ends_with("HTTP/1.1")) return Rejection::BadRequest;
  if (host && !is_our_host(*host, names)) return Rejection::WrongHost;
  return passed + std::string(kNewline);
}

}  // namespace topnet::web
