// What the trust files hold: topnet-trust(1), section FILES. Each entry is a line of words between
// blanks. Pure functions of text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/pin.h"
#include "proc/time_text.h"

namespace topnet::net {

// Who may talk to us: file `clients`.
struct EnrolledClient {
  std::string name;
  Pin pin;
  proc::WallTime since;
  std::optional<Pin> learned;  // the key that we announced, and that it knows

  friend bool operator==(const EnrolledClient&, const EnrolledClient&) = default;
};

// Whom we trust: file `servers`.
struct KnownServer {
  std::string address;  // HOST:PORT as it was typed
  Pin pin;
  proc::WallTime since;
  std::optional<Pin> next;  // the key that it has announced

  friend bool operator==(const KnownServer&, const KnownServer&) = default;
};

// Who may join us: file `invites`.
struct Invite {
  std::string name;
  std::string digest;  // SHA-256 of the secret, 64 lower-case hex digits
  proc::WallTime expires;
  std::optional<Pin> used_by;

  friend bool operator==(const Invite&, const Invite&) = default;
};

// HOST:PORT that an entry and an invite can hold.
bool is_server_address(std::string_view text);

// The name of whoever holds our own key; nobody else can have it.
inline constexpr const char* kLocal = "local";

// [A-Za-z0-9._-]{1,64}
bool is_client_name(std::string_view text);

std::string to_line(const EnrolledClient& entry);
std::string to_line(const KnownServer& entry);
std::string to_line(const Invite& entry);

// False, and `entry` is of no use, where the line is no entry.
bool parse_line(std::string_view line, EnrolledClient& entry);
bool parse_line(std::string_view line, KnownServer& entry);
bool parse_line(std::string_view line, Invite& entry);

// An invite as it is handed over: topnet1/HOST:PORT/PIN/SECRET, the pin without its prefix, the
// secret as 32 lower-case hex digits.
struct InviteCode {
  std::string address;
  Pin pin;
  std::string secret;

  friend bool operator==(const InviteCode&, const InviteCode&) = default;
};

std::string to_text(const InviteCode& code);
std::optional<InviteCode> parse_invite_code(std::string_view text);

}  // namespace topnet::net
