// When each enrolled client last sent a report, and from which address: the file `last-reports` of
// the state directory. It survives restarts and the deletion of the reports themselves.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "base/files/state_directory.h"
#include "net/clients/client_report.h"
#include "net/trust/trust_entries.h"

namespace topnet::net {

struct LastReport {
  base::WallTime time;  // of arrival
  std::string peer;     // "127.0.0.1:41234"

  friend bool operator==(const LastReport&, const LastReport&) = default;
};

using LastReportsByClient = std::map<std::string, LastReport>;

// Thread-safe. One process at a time may use this for a state directory.
class LastReports {
 public:
  // Reads the file. Ignores lines that are not valid entries. Throws FileError.
  explicit LastReports(base::StateDirectory state);

  // Records the report as its client's last one. Ignores a report without a client.
  void record(const ClientReport& report);

  // The reports of the enrolled clients. A report from before a client's enrolment came from
  // another client of the same name, unless the clock was ahead at the enrolment.
  LastReportsByClient by_client(const EnrolledSince& enrolled) const;

  // Forgets all reports but by_client(enrolled), and writes the file if it changes. Called by one
  // thread at a time. Throws FileError.
  void save(const EnrolledSince& enrolled);

 private:
  const base::StateDirectory state_;
  mutable std::mutex mutex_;  // guards by_client_
  LastReportsByClient by_client_;
  LastReportsByClient saved_;
};

}  // namespace topnet::net
