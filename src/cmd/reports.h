// The reports that clients ask for: made of scans that are shared, and stored as files that are
// shared too. Any thread may ask.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>

#include "net/message.h"
#include "net/report_files.h"
#include "net/session.h"
#include "proc/sampler.h"

namespace topnet::cmd {

class Reports {
 public:
  // Files go to `folder`. `sampler` outlives this.
  Reports(const std::filesystem::path& folder, proc::Sampler& sampler)
      : files_(folder), sampler_(sampler) {}

  // One file for each scan and form of a request. The end of a window is waited for by `wait`.
  // Throws what scanning, writing and waiting throw.
  std::shared_ptr<const net::ReportFile> make(const net::ReportRequest& request,
                                              const net::WaitUntil& wait);

 private:
  // A scan's number, and what was asked of it.
  using Form = std::tuple<std::uint64_t, std::size_t, proc::SortKey, proc::Format>;
  struct Shared {
    std::once_flag is_written;
    std::shared_ptr<const net::ReportFile> file;
  };

  std::shared_ptr<Shared> find(const Form& form);

  net::ReportFiles files_;
  proc::Sampler& sampler_;
  std::mutex mutex_;
  std::map<Form, std::shared_ptr<Shared>> recent_;
};

}  // namespace topnet::cmd
