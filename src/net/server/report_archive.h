// The directory of the newest reports that were sent, for the server's user to look at.
//
// The files are copies that may be lost in a crash: unique names, no sync, no rename. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace topnet::net {

// Several threads may send the same file at the same time, so it must be read with pread(2).
struct ReportFile {
  std::filesystem::path path;
  base::UniqueFd file;
};

class ReportArchive {
 public:
  // Creates the directory (0700) if it is missing. The reports in it count towards `capacity`.
  // Throws FileError.
  explicit ReportArchive(std::filesystem::path directory, std::size_t capacity = 100);

  // Writes a new file and removes the oldest ones beyond the capacity. Throws FileError; then no
  // new file remains.
  ReportFile write(std::string_view bytes, std::string_view extension);

 private:
  void add(std::filesystem::path file);

  std::filesystem::path directory_;
  std::size_t capacity_;
  std::mutex mutex_;
  std::uint64_t written_ = 0;
  std::deque<std::filesystem::path> files_;  // oldest first
};

}  // namespace topnet::net
