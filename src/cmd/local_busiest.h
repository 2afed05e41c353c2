// This machine's busiest process, which `fetch` sends to the server.
#pragma once

#include <future>
#include <memory>
#include <string>

#include "cmd/ranking_options.h"
#include "net/protocol/message.h"
#include "net/stream.h"
#include "proc/report/shared_scanner.h"

namespace topnet::cmd {

// Ranks as the server does. If a window was asked for, it opens on construction, so that client and
// server measure at the same time. Not thread-safe.
class LocalBusiest {
 public:
  // Throws std::system_error if `proc_root` cannot be opened.
  LocalBusiest(const RankingOptions& options, const std::string& proc_root);
  // Abandons an open window.
  ~LocalBusiest();
  LocalBusiest(LocalBusiest&&) = delete;

  // Blocks until the window has closed; without a window, scans now. Logs a warning if processes
  // are hidden. May be called once. Throws net::TimeoutError.
  net::BusiestProcess get(net::Deadline deadline);

 private:
  proc::RankingQuery query_;
  proc::SharedScanner scanner_;
  std::future<std::shared_ptr<const proc::ScanResult>> scan_;
};

}  // namespace topnet::cmd
