#include "cmd/local_busiest.h"

#include "base/random_id.h"
#include "cmd/command_error.h"

namespace topnet::cmd {

LocalBusiest::LocalBusiest(const RankingOptions& options, const std::string& proc_root)
    : query_{.count = 1, .key = options.key}, scanner_(proc_root, proc::ScanMode::Clocks) {
  if (!options.delay) return;
  scan_ = std::async(std::launch::async,
                     [this, window = *options.delay] { return scanner_.scan(query_, window); });
}

LocalBusiest::~LocalBusiest() { scanner_.stop(); }

net::BusiestProcess LocalBusiest::get(net::Deadline deadline) {
  if (scan_.valid() && scan_.wait_until(deadline) != std::future_status::ready) {
    throw net::TimeoutError("timed out measuring this machine");
  }
  const auto scan = scan_.valid() ? scan_.get() : scanner_.scan(query_);
  const proc::Report report = report_of(*scan, query_);
  if (report.hidden) log_line("not every process of this machine can be seen: " + *report.hidden);
  const proc::Process& busiest = report.processes.front();
  return {.id = base::random_id(),
          .host = report.host.name,
          .pid = busiest.pid,
          .name = busiest.name,
          .window = report.window,
          .user_ticks = busiest.user_ticks,
          .system_ticks = busiest.system_ticks,
          .clock_ticks_per_second = report.clock_ticks_per_second};
}

}  // namespace topnet::cmd
