// What the status port shows: a snapshot of the server, by value.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/connections.h"
#include "net/latest_tops.h"
#include "proc/self.h"
#include "proc/watch.h"

namespace topnet::web {

struct ServerInfo {
  std::string version;
  std::optional<std::string> host;  // escaped (proc/escape.h)
  pid_t pid = 0;
  net::WallTime started;
  bool uses_tls = true;
  std::string listen;  // "[::]:8676"
};

// Counts that are no outcome of a connection.
struct Work {
  proc::DurationCounts scans;       // for reports
  std::uint64_t accept_errors = 0;  // how often accepting failed, at either port
  std::uint64_t thread_errors = 0;  // how often a connection had no thread, at either port
  std::uint64_t open_files = 0;     // descriptors of this process
  std::uint64_t threads = 0;        // of this process
  proc::OwnUsage own;
};

struct Status {
  net::WallTime time;  // of the snapshot
  ServerInfo server;
  net::ConnectionsSnapshot exchange;
  std::vector<net::ReceivedTop> tops;  // newest first
  std::vector<net::ClientTops> clients;
  std::map<std::string, net::WallTime> heard;  // enrolled clients, and when each was heard last
  std::shared_ptr<const proc::Watched> host;   // null before it has been watched for a while
  Work work;
};

}  // namespace topnet::web
