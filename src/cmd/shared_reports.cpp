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
  const std::shared_ptr<Entry> entry =
      find_or_add({scan->number, request.count, request.key, request.format});
  // If this throws, the next caller tries again.
  std::call_once(entry->is_written, [&] {
    const std::string text = proc::render(report_of(*scan, query), request.format);
    entry->file = std::make_shared<const net::ReportFile>(
        archive_.write(text, base::name_of(request.format, proc::kFormats)));
  });
  return entry->file;
}

std::shared_ptr<SharedReports::Entry> SharedReports::find_or_add(const Key& key) {
  const std::scoped_lock lock(mutex_);
  std::shared_ptr<Entry>& entry = entries_[key];
  if (!entry) entry = std::make_shared<Entry>();
  std::shared_ptr<Entry> found = entry;
  const std::uint64_t newest = std::get<0>(entries_.rbegin()->first);
  while (std::get<0>(entries_.begin()->first) + kRecentScans < newest) {
    entries_.erase(entries_.begin());
  }
  return found;
}

}  // namespace topnet::cmd
