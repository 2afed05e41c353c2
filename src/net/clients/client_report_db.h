// The client reports in an SQLite database.
//
// Not thread-safe. A file must not be used by two objects at the same time.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/files/sqlite.h"
#include "base/files/state_directory.h"
#include "net/clients/client_report.h"
#include "net/clients/recent_reports.h"

namespace topnet::net {

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
  std::vector<bool> add(std::span<const ClientReport> reports, const ReportLimits& limits);

 private:
  void prepare();

  base::StateDirectory folder_;
  std::string name_;
  base::SqliteDatabase database_;
  std::uint64_t inode_;  // of the open file
};

}  // namespace topnet::net
