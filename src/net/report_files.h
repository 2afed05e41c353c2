// The folder of the reports that were sent: the newest ones are kept, for whoever wants to look.
//
// Copies, not treasures: unique names, no sync, no rename. Any thread may call anything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>

#include "proc/unique_fd.h"

namespace topnet::net {

// Any number of clients may be sent the same one at the same time, so it is read by offsets alone
// (pread(2)).
struct ReportFile {
  std::filesystem::path path;
  proc::UniqueFd file;
};

class ReportFiles {
 public:
  // Makes the folder (0700) where it is missing; reports that are in it count. Throws FileError.
  explicit ReportFiles(std::filesystem::path folder, std::size_t keep = 100);

  // Writes a new file and drops the oldest ones beyond `keep`. Throws FileError; then no file is
  // left of it.
  ReportFile write(std::string_view bytes, std::string_view extension);

 private:
  void keep_newest(std::filesystem::path file);

  std::filesystem::path folder_;
  std::size_t keep_;
  std::mutex mutex_;
  std::uint64_t written_ = 0;
  std::deque<std::filesystem::path> kept_;  // oldest first
};

}  // namespace topnet::net
