#include "cmd/own_top.h"

#include "cmd/failure.h"
#include "net/random_id.h"

namespace topnet::cmd {

OwnTop::OwnTop(const RankingOptions& options)
    : wish_{.count = 1, .key = options.key}, sampler_("/proc", proc::Method::Fastest) {
  if (!options.delay) return;
  sample_ = std::async(std::launch::async,
                       [this, window = *options.delay] { return sampler_.take(wish_, window); });
}

OwnTop::~OwnTop() { sampler_.stop(); }

net::Top OwnTop::take(net::Deadline deadline) {
  if (sample_.valid() && sample_.wait_until(deadline) != std::future_status::ready) {
    throw net::TimeoutError("it took too long");
  }
  const auto sample = sample_.valid() ? sample_.get() : sampler_.take(wish_);
  const proc::Report report = report_of(*sample, wish_);
  if (report.hidden) say("not every process of this machine can be seen: " + *report.hidden);
  const proc::Process& busiest = report.processes.front();
  return {.id = net::random_id(),
          .host = report.host.name,
          .pid = busiest.pid,
          .name = busiest.name,
          .window = report.window,
          .user_ticks = busiest.user_ticks,
          .system_ticks = busiest.system_ticks,
          .clock_ticks_per_second = report.clock_ticks_per_second};
}

}  // namespace topnet::cmd
