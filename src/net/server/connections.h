// The live connections, and how many connections ended in each way.
//
// Thread-safe; readers get a snapshot by value. At every moment `accepted` is the sum of all
// outcomes and of the number of live connections.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/enum_names.h"
#include "base/histogram.h"
#include "base/timestamp.h"

namespace topnet::net {

using base::WallTime;

// How a connection ended; topnet-status(7) explains each.
enum class Outcome : std::uint8_t {
  Completed,
  RefusedBusy,
  RefusedAuth,
  HandshakeFailed,
  TimedOut,
  ProtocolError,
  PeerGone,
  InternalError,
};
inline constexpr base::EnumNames<Outcome, 8> kOutcomes{
    {{"completed", Outcome::Completed},
     {"refused_busy", Outcome::RefusedBusy},
     {"refused_auth", Outcome::RefusedAuth},
     {"handshake_failed", Outcome::HandshakeFailed},
     {"timed_out", Outcome::TimedOut},
     {"protocol_error", Outcome::ProtocolError},
     {"peer_gone", Outcome::PeerGone},
     {"internal_error", Outcome::InternalError}}};

enum class Phase : std::uint8_t { Handshake, Waiting, Reporting, Receiving, Idle, Closing };
inline constexpr base::EnumNames<Phase, 6> kPhases{{{"handshake", Phase::Handshake},
                                                    {"waiting", Phase::Waiting},
                                                    {"reporting", Phase::Reporting},
                                                    {"receiving", Phase::Receiving},
                                                    {"idle", Phase::Idle},
                                                    {"closing", Phase::Closing}}};

using ConnectionId = std::uint64_t;

struct LiveConnection {
  ConnectionId id = 0;
  std::string peer;                   // "127.0.0.1:41234"
  std::optional<std::string> client;  // the enrolled name
  WallTime since;
  Phase phase = Phase::Handshake;
  std::uint64_t requests = 0;
};

struct ConnectionsSnapshot {
  std::vector<LiveConnection> connections;  // oldest first
  std::uint64_t accepted = 0;
  std::array<std::uint64_t, kOutcomes.size()> outcomes{};  // indexed by Outcome
  std::uint64_t reports_sent = 0;
  std::uint64_t client_reports_received = 0;
  base::HistogramCounts handshakes;  // successful TLS handshakes

  std::uint64_t active() const { return connections.size(); }
};

class Connections {
 public:
  ConnectionId open(std::string peer);
  void close(ConnectionId id, Outcome outcome);

  void set_client(ConnectionId id, std::string client);
  void set_phase(ConnectionId id, Phase phase);
  void count_request(ConnectionId id);
  void count_report_sent();
  void count_client_report_received();
  void count_handshake(std::chrono::nanoseconds duration) { handshakes_.add(duration); }

  ConnectionsSnapshot snapshot() const;

 private:
  mutable std::mutex mutex_;
  std::map<ConnectionId, LiveConnection> live_;
  std::uint64_t accepted_ = 0;
  std::array<std::uint64_t, kOutcomes.size()> outcomes_{};
  std::uint64_t reports_sent_ = 0;
  std::uint64_t client_reports_received_ = 0;
  base::Histogram handshakes_;
};

}  // namespace topnet::net
