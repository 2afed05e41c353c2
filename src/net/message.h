// The messages that travel in frames: topnet-protocol(7), section MESSAGES.
//
// Each is a JSON object. Fields that are not known are skipped; a field that is missing or out of
// its range is a ProtocolError. Pure functions of values.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/frame.h"
#include "net/pin.h"
#include "proc/report.h"
#include "proc/top.h"

namespace topnet::net {

inline constexpr std::size_t kMaxProcesses = 100000;
inline constexpr std::chrono::seconds kMaxHold{3600};
inline constexpr std::chrono::milliseconds kMinDelay{10};
inline constexpr std::chrono::seconds kMaxDelay{3600};

// Client to server: a report is wanted.
struct ReportRequest {
  std::size_t count = 10;  // 1 to kMaxProcesses
  proc::SortKey key = proc::SortKey::Cpu;
  proc::Format format = proc::Format::Text;
  // Rank by the CPU used in so long a window from now on, kMinDelay to kMaxDelay; nullopt: since
  // each process started.
  std::optional<std::chrono::milliseconds> delay;
  std::chrono::milliseconds hold{0};  // how long the client will stay afterwards; up to kMaxHold

  friend bool operator==(const ReportRequest&, const ReportRequest&) = default;
};

// Server to client: all of the report was sent.
struct ReportEnd {
  std::uint64_t length = 0;     // of all Data payloads, in bytes
  std::string sha256;           // of the same, 64 lower-case hex digits
  std::optional<Pin> next_pin;  // the key that the server will have later

  friend bool operator==(const ReportEnd&, const ReportEnd&) = default;
};

// Client to server: its own busiest process.
struct Top {
  std::string id;  // 32 lower-case hex digits, random: the same top has the same id
  std::optional<std::string> host;  // escaped (proc/escape.h), like the name
  pid_t pid = 0;
  std::string name;
  // That the ticks were used in; nullopt: since the process started.
  std::optional<std::chrono::milliseconds> window;
  std::uint64_t user_ticks = 0;
  std::uint64_t system_ticks = 0;
  std::uint32_t clock_ticks_per_second = 100;
  std::optional<Pin> learned_pin;  // the server's next key, where the client has taken note of it

  friend bool operator==(const Top&, const Top&) = default;
};

// Server to client: the top with this id is taken.
struct Ack {
  std::string id;

  friend bool operator==(const Ack&, const Ack&) = default;
};

// Client to server: enrol my key.
struct JoinRequest {
  std::string secret;  // of the invite: 32 lower-case hex digits
  Pin server;          // whom the invite is for

  friend bool operator==(const JoinRequest&, const JoinRequest&) = default;
};

// Server to client: its key is enrolled.
struct Joined {
  std::string name;  // that it is known under: [A-Za-z0-9._-]{1,64}

  friend bool operator==(const Joined&, const Joined&) = default;
};

// Why a server ends a connection.
enum class RefusalCode : std::uint8_t {
  NotEnrolled,   // the client's key is unknown
  Busy,          // too many clients
  ShuttingDown,  // the server ends
  Timeout,       // the client took too long
  Protocol,      // the client broke the protocol
  Internal,      // the server could not make the report
  JoinRefused,   // the invite is not good
};

// Server to client: no. The last message of a connection.
struct Refusal {
  RefusalCode code = RefusalCode::Internal;
  std::string text;  // one printable line for people, at most 1024 bytes

  friend bool operator==(const Refusal&, const Refusal&) = default;
};

std::string to_json(const ReportRequest& message);
std::string to_json(const ReportEnd& message);
std::string to_json(const Top& message);
std::string to_json(const Ack& message);
std::string to_json(const Refusal& message);
std::string to_json(const JoinRequest& message);
std::string to_json(const Joined& message);

// Each takes a frame's payload. Throws ProtocolError.
ReportRequest parse_request(std::string_view payload);
ReportEnd parse_end(std::string_view payload);
Top parse_top(std::string_view payload);
Ack parse_ack(std::string_view payload);
Refusal parse_refusal(std::string_view payload);  // an unknown code is Internal
JoinRequest parse_join(std::string_view payload);
Joined parse_joined(std::string_view payload);

}  // namespace topnet::net
