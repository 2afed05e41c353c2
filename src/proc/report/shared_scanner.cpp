#include "proc/report/shared_scanner.h"

#include <algorithm>
#include <utility>

#include "proc/clock_ticks.h"
#include "proc/cpu_limit.h"
#include "proc/procfs.h"
#include "proc/visibility.h"

namespace topnet::proc {

namespace {

using Clock = std::chrono::steady_clock;

// Allows a difference of 1 ms or 1 %. If the machine is too busy for that, the report says the
// measured length.
bool is_about_as_long(std::chrono::milliseconds measured, std::chrono::milliseconds requested) {
  return std::chrono::abs(measured - requested) <=
         std::max(std::chrono::milliseconds(1), requested / 100);
}

}  // namespace

Report report_of(const ScanResult& scan, const RankingQuery& query) {
  const CpuUsage& usage = scan.usage;
  Report report{.host = scan.host,
                .time = usage.time,
                .window = usage.window,
                .clock_ticks_per_second = clock_ticks_per_second(),
                .processes_seen = usage.seen,
                .processes = rank(usage.processes, query.count, query.key)};
  report.cpus = usage.cpus;
  if (usage.machine) report.steal_ticks = usage.machine->steal_ticks;
  report.cpu_limit = scan.cpu_limit;
  report.accounting = account_for(usage, report.processes);
  report.hidden = scan.hidden;
  return report;
}

SharedScanner::SharedScanner(const std::filesystem::path& root, ScanMode mode)
    : SharedScanner(std::make_unique<Procfs>(root), root, mode) {}

SharedScanner::SharedScanner(std::unique_ptr<ProcessSource> source, std::filesystem::path root,
                             ScanMode mode)
    : root_(std::move(root)), host_(root_), scanner_(std::move(source), mode) {}

std::shared_ptr<const ScanResult> SharedScanner::scan(
    const RankingQuery& query, std::optional<std::chrono::milliseconds> window, const Wait& wait) {
  return window ? scan_window(query, *window, wait) : scan_since_start(query);
}

std::shared_ptr<const ScanResult> SharedScanner::scan_since_start(const RankingQuery& query) {
  return join_flight<ScanResult>(next_scan_, JoinUntil::Start, query,
                                 [this](const std::vector<RankingQuery>& queries) {
                                   const auto began = Clock::now();
                                   CpuUsage usage = scanner_.since_start(queries);
                                   return make_result(std::move(usage), Clock::now() - began);
                                 });
}

std::shared_ptr<const ScanResult> SharedScanner::scan_window(const RankingQuery& query,
                                                             std::chrono::milliseconds window,
                                                             const Wait& wait) {
  const auto opened =
      join_flight<OpenedWindow>(next_opening_, JoinUntil::Start, query, [this](const auto&) {
        const auto began = Clock::now();
        Baseline baseline = scanner_.open();
        return std::make_shared<const OpenedWindow>(OpenedWindow{
            .baseline = std::move(baseline), .duration = Clock::now() - began, .closings = {}});
      });
  const auto end = opened->baseline.opened + window;
  if (wait) {
    wait(end);
  } else {
    wait_until(end);
  }
  // Callers that opened a window of the same length together also close it together.
  std::shared_ptr<Flight<ScanResult>>* closing = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    closing = &opened->closings[window];
  }
  return join_flight<ScanResult>(*closing, JoinUntil::End, query, [&](const auto&) {
    const auto began = Clock::now();
    CpuUsage usage = scanner_.close(opened->baseline);
    const auto duration = opened->duration + (Clock::now() - began);
    if (is_about_as_long(*usage.window, window)) usage.window = window;
    return make_result(std::move(usage), duration);
  });
}

void SharedScanner::wait_until(std::chrono::steady_clock::time_point end) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_until(lock, stop_.get_token(), end, [] { return false; });
  if (stop_.stop_requested()) throw ScanStopped("stopped before the end of the window");
}

std::shared_ptr<const ScanResult> SharedScanner::make_result(CpuUsage usage,
                                                             std::chrono::nanoseconds duration) {
  scans_.add(duration);
  auto hidden = visibility_limit(root_, usage.unreadable);
  const auto cpu_limit = is_proc(root_) ? read_cpu_limit(root_) : std::nullopt;
  return std::make_shared<const ScanResult>(ScanResult{.number = ++last_number_,
                                                       .usage = std::move(usage),
                                                       .host = host_.read(),
                                                       .hidden = std::move(hidden),
                                                       .cpu_limit = cpu_limit});
}

template <typename Result>
std::shared_ptr<const Result> SharedScanner::join_flight(
    std::shared_ptr<Flight<Result>>& next, JoinUntil until, const RankingQuery& query,
    const std::function<std::shared_ptr<const Result>(const std::vector<RankingQuery>&)>& run) {
  std::unique_lock lock(mutex_);
  if (!next) next = std::make_shared<Flight<Result>>();
  const std::shared_ptr<Flight<Result>> flight = next;
  if (until == JoinUntil::Start) flight->queries.push_back(query);
  changed_.wait(lock, [&] { return flight->is_done || !is_scanning_; });
  if (!flight->is_done) {
    // All callers that joined the flight get the same result or exception.
    std::packaged_task<std::shared_ptr<const Result>()> task([&] { return run(flight->queries); });
    flight->outcome = task.get_future().share();
    // Nothing after this may throw, or `is_scanning_` would stay true.
    is_scanning_ = true;
    if (until == JoinUntil::Start) next.reset();
    lock.unlock();
    task();
    lock.lock();
    is_scanning_ = false;
    flight->is_done = true;
    changed_.notify_all();
  }
  return flight->outcome.get();
}

}  // namespace topnet::proc
