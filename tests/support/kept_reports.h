// Keeps client reports in memory, as ClientReportStore keeps them on disk. Thread-safe.
#pragma once

#include <algorithm>
#include <mutex>
#include <vector>

#include "net/clients/client_report.h"

namespace topnet::test {

class KeptReports {
 public:
  // False if the report's id is already known.
  bool keep(const net::ClientReport& report) {
    const std::scoped_lock lock(mutex_);
    const bool is_known = std::any_of(reports_.begin(), reports_.end(), [&](const auto& each) {
      return each.busiest.id == report.busiest.id;
    });
    if (!is_known) reports_.push_back(report);
    return !is_known;
  }

  // Oldest first.
  std::vector<net::ClientReport> all() const {
    const std::scoped_lock lock(mutex_);
    return reports_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<net::ClientReport> reports_;
};

}  // namespace topnet::test
