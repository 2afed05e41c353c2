#include "cmd/option_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

#include "base/escape.h"
#include "base/parse_number.h"
#include "cmd/command_line.h"

namespace topnet::cmd {
namespace {

using std::chrono::milliseconds;

struct Unit {
  std::string_view name;
  milliseconds length;
};
constexpr std::array<Unit, 5> kUnits{{{"ms", milliseconds(1)},
                                      {"s", std::chrono::seconds(1)},
                                      {"m", std::chrono::minutes(1)},
                                      {"h", std::chrono::hours(1)},
                                      {"d", std::chrono::days(1)}}};

// In the largest unit without a fraction: "10ms", "1h".
std::string to_text(milliseconds time) {
  const auto unit = std::find_if(kUnits.rbegin(), kUnits.rend() - 1, [&](const Unit& each) {
    return time.count() != 0 && time % each.length == milliseconds(0);
  });
  return fmt::format("{}{}", time / unit->length, unit->name);
}

bool has_digits_only(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// What is wrong with `text`, which is not a host and a port.
std::string host_problem(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (!text.starts_with('[') && text.find(':') != colon) {
    return "has several colons; write an IPv6 address with a port as [::1]:8676";
  }
  if (colon != std::string::npos && net::parse_host_port(text.substr(0, colon), kDefaultPort)) {
    return "has no port from 1 to 65535 after the colon";
  }
  return fmt::format("is not {}, with a port from 1 to 65535", kHostForms);
}

// Bytes above 127 are left to the look-up.
bool may_be_in_name(char c) {
  return static_cast<unsigned char>(c) > 127 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

}  // namespace

std::size_t parse_count(const std::string& text, std::size_t max) {
  const auto number = base::parse_number<std::size_t>(text);
  if (number && *number >= 1 && *number <= max) return *number;
  if (!has_digits_only(std::string_view(text).substr(text.starts_with('-') ? 1 : 0))) {
    throw UsageError(fmt::format("is not a whole number from 1 to {}", max));
  }
  throw UsageError(fmt::format("is not between 1 and {}", max));
}

milliseconds parse_time(const std::string& text, milliseconds min, milliseconds max,
                        TimeUnit unit) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  std::string_view suffix(stopped, static_cast<std::size_t>(end - stopped));
  if (suffix.empty() && unit == TimeUnit::Optional) suffix = "s";
  const auto* const known = std::find_if(kUnits.begin(), kUnits.end(),
                                         [&](const Unit& each) { return each.name == suffix; });
  if (error == std::errc::invalid_argument || !std::isfinite(number) || known == kUnits.end()) {
    throw UsageError(
        fmt::format("is not a time; write a number with the unit ms, s, m, h or d{}",
                    unit == TimeUnit::Optional ? "; without a unit it is in seconds" : ""));
  }
  const double time = number * static_cast<double>(known->length.count());
  // A number with too many digits for a double leaves `number` 0.
  if (error != std::errc{} || time < static_cast<double>(min.count()) ||
      time > static_cast<double>(max.count())) {
    throw UsageError(fmt::format("is not between {} and {}", to_text(min), to_text(max)));
  }
  return milliseconds(std::llround(time));
}

net::HostPort parse_host(const std::string& text) {
  if (has_digits_only(text)) throw UsageError("is not a host; is this a port? Write HOST:PORT");
  if (const auto scheme = text.find("://"); scheme != std::string::npos) {
    throw UsageError(fmt::format("is a URL; omit {}", base::escape(text.substr(0, scheme + 3))));
  }
  const auto host = net::parse_host_port(text, kDefaultPort);
  if (!host || host->port == 0) throw UsageError(host_problem(text));
  const bool is_name = std::all_of(host->host.begin(), host->host.end(), may_be_in_name);
  if (!is_name && !net::is_numeric_address(host->host)) {
    throw UsageError("is not a host name of letters, digits, dots, hyphens and underscores");
  }
  if (const auto address = net::to_socket_address(*host); address && net::lacks_zone(*address)) {
    throw UsageError("is link-local and needs its interface; write ADDR%INTERFACE");
  }
  return *host;
}

net::HostPort parse_listen_address(const std::string& text, std::uint16_t example_port) {
  if (const auto port = base::parse_number<std::uint16_t>(text)) return {.host = "", .port = *port};
  const auto address = net::parse_host_port(text);
  if (!address && net::is_numeric_address(text)) {
    const net::HostPort example{.host = text, .port = example_port};
    throw UsageError("has no port; add one: " + base::escape(net::to_string(example)));
  }
  if (!address) throw UsageError("is not PORT or ADDR:PORT, with a port from 0 to 65535");
  return *address;
}

}  // namespace topnet::cmd
