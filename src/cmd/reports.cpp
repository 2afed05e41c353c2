#include "cmd/reports.h"

#include <utility>

namespace topnet::cmd {
namespace {

// A file stays open for whoever waited for the same scan, and these wake up together. Who comes so
// many scans later has waited for another one.
constexpr std::uint64_t kRecentScans = 4;

}  // namespace

std::shared_ptr<const net::ReportFile> Reports::make(const net::ReportRequest& request,
                                                     const net::WaitUntil& wait) {
  const proc::Wish wish{.count = request.count, .key = request.key};
  const std::shared_ptr<const proc::Sample> sample = sampler_.take(wish, request.delay, wait);
  const std::shared_ptr<Shared> shared =
      find({sample->number, request.count, request.key, request.format});
  // Where it fails, the next one tries again.
  std::call_once(shared->is_written, [&] {
    const std::string text = proc::print(report_of(*sample, wish), request.format);
    shared->file = std::make_shared<const net::ReportFile>(
        files_.write(text, proc::word_for(request.format, proc::kFormats)));
  });
  return shared->file;
}

std::shared_ptr<Reports::Shared> Reports::find(const Form& form) {
  const std::scoped_lock lock(mutex_);
  std::shared_ptr<Shared>& shared = recent_[form];
  if (!shared) shared = std::make_shared<Shared>();
  std::shared_ptr<Shared> found = shared;
  const std::uint64_t newest = std::get<0>(recent_.rbegin()->first);
  while (std::get<0>(recent_.begin()->first) + kRecentScans < newest) {
    recent_.erase(recent_.begin());
  }
  return found;
}

}  // namespace topnet::cmd
