// Reports for clients. Identical requests that share a scan also share one file, or the exception
// of its writing. Thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>
#include <utility>

#include "net/protocol/message.h"
#include "net/server/report_archive.h"
#include "net/server/server_delegate.h"
#include "proc/report/shared_scanner.h"

namespace topnet::cmd {

class SharedReports {
 public:
  // Stores the files in `directory`. `scanner` must outlive this object.
  SharedReports(const std::filesystem::path& directory, proc::SharedScanner& scanner)
      : archive_(directory), scanner_(scanner) {}

  // Scans and writes the report, unless an identical request already did so for the same scan.
  // `wait` blocks until the end of the request's window. Throws what SharedScanner, ReportArchive
  // and `wait` throw.
  std::shared_ptr<const net::ReportFile> make(const net::ReportRequest& request,
                                              const net::WaitUntil& wait);

 private:
  // The scan's number, and the properties of the request.
  using Key = std::tuple<std::uint64_t, std::size_t, proc::SortKey, proc::Format>;
  using File = std::shared_ptr<const net::ReportFile>;

  // Returns the future of `key`, and whether it is `file` because there was none.
  std::pair<std::shared_future<File>, bool> find_or_add(const Key& key,
                                                        const std::shared_future<File>& file);

  net::ReportArchive archive_;
  proc::SharedScanner& scanner_;
  std::mutex mutex_;  // guards `entries_`
  std::map<Key, std::shared_future<File>> entries_;
};

}  // namespace topnet::cmd
