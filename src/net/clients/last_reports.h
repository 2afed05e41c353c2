// When each enrolled client last sent a report, and from which address: the file `last-reports` of
// the state directory. It survives restarts and the deletion of the reports themselves.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "base/files/state_directory.h"
#include "net/clients/client_report.h"

namespace topnet::net {

struct LastReport {
  base::WallTime time;  // of arrival
  std::string peer;     // "127.0.0.1:41234"

  friend bool operator==(const LastReport&, const LastReport&) = default;
};

using LastReportsByClient = std::map<std::string, LastReport>;

// Ignores lines that are not valid entries. Throws FileError.
LastReportsByClient read_last_reports(const base::StateDirectory& state);

// Thread-safe. One process at a time may use this for a state directory.
class LastReports {
 public:
  // Reads the file. Throws FileError.
  explicit LastReports(base::StateDirectory state);

  // Records the report as its client's last one. Ignores a report without a client.
  void record(const ClientReport& report);

  LastReportsByClient by_client() const;

  // Forgets all clients but the enrolled ones, and writes the file if it changes. Throws FileError.
  void save(const std::set<std::string>& enrolled);

 private:
  const base::StateDirectory state_;
  mutable std::mutex mutex_;  // guards the members below
  LastReportsByClient by_client_;
  LastReportsByClient saved_;
};

}  // namespace topnet::net
