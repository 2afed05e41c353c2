#include "net/trust_entry.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "net/address.h"
#include "proc/escape.h"
#include "proc/text.h"

namespace topnet::net {
namespace {

constexpr std::string_view kPinPrefix = "SHA256:";
constexpr std::string_view kInviteVersion = "topnet1";
constexpr std::size_t kMostNameSize = 64;
constexpr std::size_t kMostAddressSize = 300;  // a host name has 253 characters at most

bool is_hex(std::string_view text, std::size_t digits) {
  return text.size() == digits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::string_view word = proc::take_until(line, " ");
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

// "NAME WORD TIME" and a pin where there is one: what all three entries look like.
struct Words {
  std::string_view name;
  std::string_view key;
  proc::WallTime time;
  std::optional<Pin> pin;
};

std::optional<Words> parse_words(std::string_view line) {
  const std::vector<std::string_view> words = split(line);
  if (words.size() != 3 && words.size() != 4) return std::nullopt;
  const auto time = proc::parse_time(words[2]);
  if (!time) return std::nullopt;
  Words parsed{.name = words[0], .key = words[1], .time = *time, .pin = {}};
  if (words.size() == 4) {
    parsed.pin = parse_pin(words[3]);
    if (!parsed.pin) return std::nullopt;
  }
  return parsed;
}

std::string to_line(std::string_view name, std::string_view key, proc::WallTime time,
                    const std::optional<Pin>& pin) {
  return fmt::format("{} {} {}{}{}", name, key, proc::format_time(time), pin ? " " : "",
                     pin.value_or(""));
}

// As we write it ourselves, so that it is found again; and one that can be connected to.
bool is_canonical(std::string_view text) {
  const auto address = parse_host_port(text);
  return address && address->port != 0 && to_string(*address) == text;
}

}  // namespace

bool is_server_address(std::string_view text) {
  return text.size() <= kMostAddressSize && text.find_first_of(" \t/") == std::string_view::npos &&
         proc::is_escaped(text) && is_canonical(text);
}

bool is_client_name(std::string_view text) {
  return !text.empty() && text.size() <= kMostNameSize &&
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
  const auto words = parse_words(line);
  const auto pin = words ? parse_pin(words->key) : std::nullopt;
  if (!pin || !is_client_name(words->name) || words->name == kLocal) return false;
  entry = {
      .name = std::string(words->name), .pin = *pin, .since = words->time, .learned = words->pin};
  return true;
}

bool parse_line(std::string_view line, KnownServer& entry) {
  const auto words = parse_words(line);
  const auto pin = words ? parse_pin(words->key) : std::nullopt;
  if (!pin || !is_server_address(words->name)) return false;
  entry = {
      .address = std::string(words->name), .pin = *pin, .since = words->time, .next = words->pin};
  return true;
}

bool parse_line(std::string_view line, Invite& entry) {
  const auto words = parse_words(line);
  if (!words || !is_client_name(words->name) || words->name == kLocal || !is_hex(words->key, 64))
    return false;
  entry = {.name = std::string(words->name),
           .digest = std::string(words->key),
           .expires = words->time,
           .used_by = words->pin};
  return true;
}

std::string to_text(const InviteCode& code) {
  return fmt::format("{}/{}/{}/{}", kInviteVersion, code.address,
                     code.pin.substr(kPinPrefix.size()), code.secret);
}

std::optional<InviteCode> parse_invite_code(std::string_view text) {
  if (proc::take_until(text, "/") != kInviteVersion) return std::nullopt;
  const std::string_view address = proc::take_until(text, "/");
  const auto pin = parse_pin(std::string(kPinPrefix) + std::string(proc::take_until(text, "/")));
  if (!is_server_address(address) || !pin || !is_hex(text, 32)) return std::nullopt;
  return InviteCode{.address = std::string(address), .pin = *pin, .secret = std::string(text)};
}

}  // namespace topnet::net
