// The entries of the trust files, see topnet-trust(1), section FILES. Each is a line of words that
// are separated by blanks. Pure functions.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/timestamp.h"
#include "net/tls/pin.h"

namespace topnet::net {

// An entry of the file `clients`: a client that this server accepts.
struct EnrolledClient {
  std::string name;
  Pin pin;
  base::WallTime since;
  std::optional<Pin> learned;  // the next key of this server, if the client has confirmed it

  friend bool operator==(const EnrolledClient&, const EnrolledClient&) = default;
};

// Since when each name is enrolled.
using EnrolledSince = std::map<std::string, base::WallTime>;

// An entry of the file `servers`: a server that this machine trusts.
struct KnownServer {
  std::string address;  // HOST:PORT as the user typed it
  Pin pin;
  base::WallTime since;
  std::optional<Pin> next;  // the next key that the server has announced

  friend bool operator==(const KnownServer&, const KnownServer&) = default;
};

// An entry of the file `invites`: an invite of this server.
struct Invite {
  std::string name;
  std::string digest;  // SHA-256 of the secret, 64 lower-case hex digits
  base::WallTime expires;
  std::optional<Pin> used_by;  // the client key that has joined

  friend bool operator==(const Invite&, const Invite&) = default;
};

// Whether `text` is HOST:PORT in the form that entries and invites have.
bool is_server_address(std::string_view text);

// The reserved name of a client with this machine's own key.
inline constexpr const char* kLocal = "local";

// [A-Za-z0-9._-]{1,64}
bool is_client_name(std::string_view text);

std::string to_line(const EnrolledClient& entry);
std::string to_line(const KnownServer& entry);
std::string to_line(const Invite& entry);

// Returns false if the line is not a valid entry; `entry` is unspecified then.
bool parse_line(std::string_view line, EnrolledClient& entry);
bool parse_line(std::string_view line, KnownServer& entry);
bool parse_line(std::string_view line, Invite& entry);

// An invite as users pass it on: topnet1/HOST:PORT/PIN/SECRET, with the server's pin without its
// prefix and the secret as 32 lower-case hex digits.
struct InviteCode {
  std::string address;
  Pin pin;
  std::string secret;

  friend bool operator==(const InviteCode&, const InviteCode&) = default;
};

// Whether an invite may have this address: is_server_address() without quotes and backslashes, so
// that the shell command with the invite is simple to quote and to read.
bool is_invite_address(std::string_view text);

std::string to_text(const InviteCode& code);
std::optional<InviteCode> parse_invite_code(std::string_view text);

}  // namespace topnet::net
