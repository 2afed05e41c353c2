// A snapshot of the server for the status port. Plain values.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/clients/recent_reports.h"
#include "net/server/connections.h"
#include "proc/report/cpu_monitor.h"
#include "proc/self_stats.h"

namespace topnet::web {

struct ServerInfo {
  std::string version;
  std::optional<std::string> host;  // escaped (base/escape.h)
  pid_t pid = 0;
  base::WallTime started;
  bool uses_tls = true;
  std::vector<std::string> listen;  // "[::]:8676"; at least one
};

// Counts of the server other than outcomes of connections.
struct ServerStats {
  base::HistogramCounts scans;      // for reports
  std::uint64_t accept_errors = 0;  // failures to accept a connection, at both ports
  std::uint64_t thread_errors = 0;  // failures to start a connection's thread, at both ports
  // Of this process; nullopt: not known.
  std::optional<std::uint64_t> open_files;
  std::optional<std::uint64_t> threads;
  proc::SelfStats self;
};

struct Status {
  base::WallTime time;  // of the snapshot
  ServerInfo server;
  net::ConnectionsSnapshot exchange;
  std::vector<net::ClientReport> reports;  // newest first
  std::vector<net::ClientReports> clients;
  std::map<std::string, base::WallTime> last_report_times;  // by enrolled client
  std::shared_ptr<const proc::MonitorSnapshot> host;        // null before the first window
  ServerStats stats;
};

}  // namespace topnet::web
