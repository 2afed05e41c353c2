// The newest client reports in memory: of all clients together, and of each client. Not
// thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/clients/client_report.h"

namespace topnet::net {

// The newest reports of one client, newest first; never empty.
using ClientReports = std::vector<ClientReport>;

class RecentReports {
 public:
  static constexpr std::size_t kMaxReports = 100;
  static constexpr std::size_t kMaxReportsPerClient = 4;
  static constexpr std::size_t kMaxClients = 1000;  // those that reported last

  explicit RecentReports(const ReportLimits& limits) : limits_(limits) {}

  // Adds a report that arrived after all the others. `number` counts all reports, including those
  // that were never added here, and must be greater than all numbers before it.
  void add(const ClientReport& report, std::uint64_t number);
  void add(const ClientReport& report) { add(report, next_number_); }

  // Both leave out reports beyond the limits.
  std::vector<ClientReport> newest() const;    // newest first, at most kMaxReports
  std::vector<ClientReports> clients() const;  // the client that reported last comes first

 private:
  struct Entry {
    std::uint64_t number;
    std::shared_ptr<const ClientReport> report;
  };

  bool is_within_limits(const Entry& entry) const;

  ReportLimits limits_;
  std::uint64_t next_number_ = 0;
  std::deque<Entry> newest_;  // newest first, like each deque of by_client_
  std::map<std::string, std::deque<Entry>> by_client_;
  // The key of each client by the number of its newest report, greatest first.
  std::map<std::uint64_t, std::string, std::greater<>> by_last_report_;
};

}  // namespace topnet::net
