#include "cmd/shared_reports.h"

#include <utility>

namespace topnet::cmd {
namespace {

// Threads that waited for the same scan ask for its report at almost the same time. Entries of
// older scans are dropped; a thread that is this late only writes the file again.
constexpr std::uint64_t kRecentScans = 4;

}  // namespace

std::shared_ptr<const net::ReportFile> SharedReports::make(const net::ReportRequest& request,
                                                           const net::WaitUntil& wait) {
  const proc::RankingQuery query{.count = request.count, .key = request.key};
  const std::shared_ptr<const proc::ScanResult> scan = scanner_.scan(query, request.delay, wait);
  std::packaged_task<File()> write([&] {
    const std::string text = proc::render(report_of(*scan, query), request.format);
    return std::make_shared<const net::ReportFile>(
        archive_.write(text, base::name_of(request.format, proc::kFormats)));
  });
  const auto [file, is_first] = find_or_add(
      {scan->number, request.count, request.key, request.format}, write.get_future().share());
  if (is_first) write();
  return file.get();
}

std::pair<std::shared_future<SharedReports::File>, bool> SharedReports::find_or_add(
    const Key& key, const std::shared_future<File>& file) {
  const std::scoped_lock lock(mutex_);
  const auto [entry, is_new] = entries_.try_emplace(key, file);
  std::pair found(entry->second, is_new);
  const std::uint64_t newest = std::get<0>(entries_.rbegin()->first);
  while (std::get<0>(entries_.begin()->first) + kRecentScans < newest) {
    entries_.erase(entries_.begin());
  }
  return found;
}

}  // namespace topnet::cmd
