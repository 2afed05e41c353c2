#include "net/trust/trust_entries.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/escape.h"
#include "base/hex.h"
#include "base/string_scan.h"
#include "net/address.h"

namespace topnet::net {
namespace {

constexpr std::string_view kPinPrefix = "SHA256:";
constexpr std::string_view kInviteVersion = "topnet1";
constexpr std::size_t kMaxNameSize = 64;
constexpr std::size_t kMaxAddressSize = 300;  // a host name has at most 253 characters

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::string_view word = base::take_until(line, " ");
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

// The form of all three kinds of entries: "NAME KEY TIME [PIN]".
struct Fields {
  std::string_view name;
  std::string_view key;
  base::WallTime time;
  std::optional<Pin> pin;
};

std::optional<Fields> parse_fields(std::string_view line) {
  const std::vector<std::string_view> words = split(line);
  if (words.size() != 3 && words.size() != 4) return std::nullopt;
  const auto time = base::parse_time(words[2]);
  if (!time) return std::nullopt;
  Fields fields{.name = words[0], .key = words[1], .time = *time, .pin = {}};
  if (words.size() == 4) {
    fields.pin = parse_pin(words[3]);
    if (!fields.pin) return std::nullopt;
  }
  return fields;
}

std::string to_line(std::string_view name, std::string_view key, base::WallTime time,
                    const std::optional<Pin>& pin) {
  return fmt::format("{} {} {}{}{}", name, key, base::format_time(time), pin ? " " : "",
                     pin.value_or(""));
}

// Accepts only the spelling that to_string() gives, so that entries can be compared as text. Port 0
// cannot be connected to.
bool is_canonical(std::string_view text) {
  const auto address = parse_host_port(text);
  return address && address->port != 0 && to_string(*address) == text;
}

}  // namespace

bool is_server_address(std::string_view text) {
  return text.size() <= kMaxAddressSize && text.find_first_of(" \t/") == std::string_view::npos &&
         base::is_escaped(text) && is_canonical(text);
}

bool is_client_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameSize &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

std::string to_line(const EnrolledClient& entry) {
  return to_line(entry.name, entry.pin, entry.since, entry.learned);
}

std::string to_line(const KnownServer& entry) {
  return to_line(entry.address, entry.pin, entry.since, entry.next);
}

std::string to_line(const Invite& entry) {
  return to_line(entry.name, entry.digest, entry.expires, entry.used_by);
}

bool parse_line(std::string_view line, EnrolledClient& entry) {
  const auto fields = parse_fields(line);
  const auto pin = fields ? parse_pin(fields->key) : std::nullopt;
  if (!pin || !is_client_name(fields->name) || fields->name == kLocal) return false;
  entry = {.name = std::string(fields->name),
           .pin = *pin,
           .since = fields->time,
           .learned = fields->pin};
  return true;
}

bool parse_line(std::string_view line, KnownServer& entry) {
  const auto fields = parse_fields(line);
  const auto pin = fields ? parse_pin(fields->key) : std::nullopt;
  if (!pin || !is_server_address(fields->name)) return false;
  entry = {.address = std::string(fields->name),
           .pin = *pin,
           .since = fields->time,
           .next = fields->pin};
  return true;
}

bool parse_line(std::string_view line, Invite& entry) {
  const auto fields = parse_fields(line);
  if (!fields || !is_client_name(fields->name) || fields->name == kLocal ||
      !base::is_hex(fields->key, 64))
    return false;
  entry = {.name = std::string(fields->name),
           .digest = std::string(fields->key),
           .expires = fields->time,
           .used_by = fields->pin};
  return true;
}

bool is_invite_address(std::string_view text) {
  return is_server_address(text) && text.find_first_of("'\"\\") == std::string_view::npos;
}

std::string to_text(const InviteCode& code) {
  return fmt::format("{}/{}/{}/{}", kInviteVersion, code.address,
                     code.pin.substr(kPinPrefix.size()), code.secret);
}

std::optional<InviteCode> parse_invite_code(std::string_view text) {
  if (base::take_until(text, "/") != kInviteVersion) return std::nullopt;
  const std::string_view address = base::take_until(text, "/");
  const auto pin = parse_pin(std::string(kPinPrefix) + std::string(base::take_until(text, "/")));
  if (!is_invite_address(address) || !pin || !base::is_hex(text, 32)) return std::nullopt;
  return InviteCode{.address = std::string(address), .pin = *pin, .secret = std::string(text)};
}

}  // namespace topnet::net
