// The tops that clients have sent, in an SQLite database.
//
// Used by one thread at a time, and the file by one TopTable.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "net/latest_tops.h"
#include "net/private_folder.h"
#include "net/received_top.h"
#include "net/sqlite.h"

namespace topnet::net {

// All of it throws CorruptDatabaseError if the database has to be replaced, SqliteError or
// FileError if it cannot be used at the moment.
class TopTable {
 public:
  // Opens the database, or creates it. The cost does not depend on the number of tops in it. After
  // an unclean end it is searched for damage, for 200 ms at most. Throws FileError if it is of a
  // newer version.
  TopTable(const PrivateFolder& folder, const std::string& name);

  // Reads what LatestTops shows, and nothing else.
  LatestTops latest(const TopLimits& limits);

  // Adds tops in their order, but for those whose id is there already, and deletes some of those
  // that are beyond the limits. Returns which of them are new. All is on the disk then; if this
  // throws, nothing has changed, as far as can be known.
  std::vector<bool> add(std::span<const ReceivedTop> tops, const TopLimits& limits);

 private:
  void prepare();

  PrivateFolder folder_;
  std::string name_;
  SqliteDatabase database_;
  std::uint64_t inode_;  // of the file that is open
};

}  // namespace topnet::net
