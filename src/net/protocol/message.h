// The messages that travel in frames: topnet-protocol(7), section MESSAGES.
//
// Each is a JSON object. Unknown fields are skipped. A field that is missing or out of range is a
// ProtocolError. Pure functions of values. To add a field: the struct here, and its to_json() and
// parse_ function in message.cpp.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/protocol/frame.h"
#include "net/tls/pin.h"
#include "proc/ranking.h"
#include "proc/report/report.h"

namespace topnet::net {

inline constexpr std::size_t kMaxProcesses = 100000;
inline constexpr std::chrono::seconds kMaxHold{3600};
inline constexpr std::chrono::milliseconds kMinDelay{10};
inline constexpr std::chrono::seconds kMaxDelay{3600};

// Client to server: asks for a report.
struct ReportRequest {
  std::size_t count = 10;  // 1 to kMaxProcesses
  proc::SortKey key = proc::SortKey::Cpu;
  proc::Format format = proc::Format::Text;
  // Length of the window to rank by, which opens when the request arrives; kMinDelay to kMaxDelay.
  // nullopt: rank by the CPU used since each process started.
  std::optional<std::chrono::milliseconds> delay;
  std::chrono::milliseconds hold{
      0};  // how long the client stays connected afterwards; up to kMaxHold

  friend bool operator==(const ReportRequest&, const ReportRequest&) = default;
};

// The limit for a report in bytes: topnet-protocol(7), clause X11.
constexpr std::uint64_t max_report_size(const ReportRequest& request) {
  return (std::uint64_t{1} << 20U) + 4096 * std::uint64_t{request.count};
}

// Server to client: the report is complete.
struct ReportEnd {
  std::uint64_t length = 0;     // of all Data payloads, in bytes
  std::string sha256;           // of all Data payloads, 64 lower-case hex digits
  std::optional<Pin> next_pin;  // the key that the server will use after a rotation

  friend bool operator==(const ReportEnd&, const ReportEnd&) = default;
};

// Client to server: its own busiest process.
struct BusiestProcess {
  std::string id;  // 32 random lower-case hex digits; a repeated message keeps its id
  std::optional<std::string> host;  // escaped (base/escape.h), like the name
  pid_t pid = 0;
  std::string name;
  // The window in which the ticks were used; nullopt: since the process started.
  std::optional<std::chrono::milliseconds> window;
  std::uint64_t user_ticks = 0;
  std::uint64_t system_ticks = 0;
  std::uint32_t clock_ticks_per_second = 100;
  std::optional<Pin> learned_pin;  // the server's next key, if the client has stored it

  friend bool operator==(const BusiestProcess&, const BusiestProcess&) = default;
};

// Server to client: the busiest process with this id is stored.
struct Ack {
  std::string id;

  friend bool operator==(const Ack&, const Ack&) = default;
};

// Client to server: asks to enrol the client's key.
struct JoinRequest {
  std::string secret;  // of the invite: 32 lower-case hex digits
  Pin server;          // the server that the invite is for

  friend bool operator==(const JoinRequest&, const JoinRequest&) = default;
};

// Server to client: the client's key is enrolled.
struct Joined {
  std::string name;  // the client's name at the server: [A-Za-z0-9._-]{1,64}

  friend bool operator==(const Joined&, const Joined&) = default;
};

// Why a server ends a connection.
enum class RefusalCode : std::uint8_t {
  NotEnrolled,  // the client's key is unknown
  Busy,         // too many clients
  ShuttingDown,
  Timeout,      // the client missed a deadline
  Protocol,     // the client violated the protocol
  Internal,     // the server failed
  JoinRefused,  // the invite is not valid
};

// Server to client: the reason for ending the connection. Always the last message.
struct Refusal {
  RefusalCode code = RefusalCode::Internal;
  std::string text;  // one printable line for people, at most 1024 bytes

  friend bool operator==(const Refusal&, const Refusal&) = default;
};

std::string to_json(const ReportRequest& message);
std::string to_json(const ReportEnd& message);
std::string to_json(const BusiestProcess& message);
std::string to_json(const Ack& message);
std::string to_json(const Refusal& message);
std::string to_json(const JoinRequest& message);
std::string to_json(const Joined& message);

// Each parses a frame's payload. Throws ProtocolError.
ReportRequest parse_request(std::string_view payload);
ReportEnd parse_end(std::string_view payload);
BusiestProcess parse_busiest(std::string_view payload);
Ack parse_ack(std::string_view payload);
Refusal parse_refusal(std::string_view payload);  // an unknown code is Internal
JoinRequest parse_join(std::string_view payload);
Joined parse_joined(std::string_view payload);

}  // namespace topnet::net
