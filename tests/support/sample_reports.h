// Invented client reports, received just now, each with its own id.
#pragma once

#include <cstddef>
#include <vector>

#include "base/random_id.h"
#include "net/clients/client_report.h"

namespace topnet::test {

inline net::ClientReport sample_report() {
  return {.time = base::now(),
          .client = "db1",
          .peer = "192.0.2.1:4000",
          .busiest = {.id = base::random_id(),
                      .host = "db1",
                      .pid = 4121,
                      .name = "postgres",
                      .user_ticks = 812,
                      .system_ticks = 31}};
}

inline std::vector<net::ClientReport> sample_reports(std::size_t count) {
  std::vector<net::ClientReport> reports;
  for (std::size_t i = 0; i < count; ++i) reports.push_back(sample_report());
  return reports;
}

}  // namespace topnet::test
