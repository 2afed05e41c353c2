// A report that a client sent about itself, and the limits for keeping such reports. Plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "base/timestamp.h"
#include "net/protocol/message.h"

namespace topnet::net {

struct ClientReport {
  base::WallTime time;                // of arrival
  std::optional<std::string> client;  // the enrolled name
  std::string peer;                   // "127.0.0.1:41234"
  BusiestProcess busiest;

  friend bool operator==(const ClientReport&, const ClientReport&) = default;
};

// Identifies a client: by its enrolled name, else by the host name that it claims.
inline std::string client_key(const ClientReport& report) {
  return report.client ? "client:" + *report.client : "host:" + report.busiest.host.value_or("");
}

// Client reports beyond these limits are deleted.
struct ReportLimits {
  std::size_t max_count = 100000;
  std::chrono::days max_age{7};
};

}  // namespace topnet::net
