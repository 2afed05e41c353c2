// The client reports in an SQLite database.
//
// Reports are stored in the order of their arrival, and expire in that order: a report expires when
// it and every report before it are older than the maximum age. A report that seems to be from the
// future expires with the one after it. The wall clock may be wrong for a while, so the time since
// the start is counted by the steady clock. No report has expired at the start.
//
// Not thread-safe. A file must not be used by two objects at the same time.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/files/sqlite.h"
#include "base/files/state_directory.h"
#include "net/clients/client_report.h"
#include "net/clients/recent_reports.h"

namespace topnet::net {

// The present time by two clocks.
struct ClockReadings {
  base::WallTime wall = base::now();
  std::chrono::steady_clock::time_point steady = std::chrono::steady_clock::now();
};

// Every function throws base::CorruptDatabaseError if the database has to be replaced, and
// SqliteError or FileError if it cannot be used at the moment.
class ClientReportDb {
 public:
  // Opens or creates the database. The cost does not depend on the number of reports in it. After
  // an unclean shutdown it is checked for damage, for at most 200 ms. Throws FileError if it was
  // written by a newer version of topnet.
  ClientReportDb(const base::StateDirectory& folder, const std::string& name);

  // Reads only the reports that RecentReports keeps.
  RecentReports read_recent(const ReportLimits& limits);

  // Adds the reports in order, except those whose id is already known, and deletes some of the
  // reports beyond the limits. Returns which reports are new. All changes are on disk when this
  // returns. If it throws, nothing has changed, unless the disk failed after the commit.
  std::vector<bool> add(std::span<const ClientReport> reports, const ReportLimits& limits,
                        const ClockReadings& now = {});

 private:
  void prepare();
  bool is_confirmed(const ClockReadings& now);
  std::int64_t last_expired(const ReportLimits& limits, const ClockReadings& now);

  base::StateDirectory folder_;
  std::string name_;
  base::SqliteDatabase database_;
  std::uint64_t inode_;                                   // of the open file
  std::optional<std::chrono::nanoseconds> clock_offset_;  // wall clock minus steady clock
  std::chrono::steady_clock::time_point clock_set_;       // when that last changed
  std::chrono::steady_clock::time_point last_expiry_;     // when expired reports were looked for
  bool may_have_expired_ = true;                          // more reports than were deleted
};

}  // namespace topnet::net
