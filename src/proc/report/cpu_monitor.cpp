#include "proc/report/cpu_monitor.h"

#include <pthread.h>

#include <ctime>
#include <exception>
#include <system_error>
#include <utility>

#include "proc/procfs.h"
#include "proc/visibility.h"

namespace topnet::proc {
namespace {

using std::chrono::nanoseconds;

nanoseconds cpu_time_of_this_thread() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + nanoseconds(time.tv_nsec);
}

WindowStats stats_of(const Report& report) {
  WindowStats stats{.time = report.time,
                    .length = report.window.value_or(std::chrono::milliseconds(0)),
                    .accounting = report.accounting};
  if (stats.accounting) stats.accounting->exited_by_parent.clear();
  if (report.cpus) {
    stats.capacity_ticks = static_cast<std::uint64_t>(stats.length.count()) * *report.cpus *
                           report.clock_ticks_per_second / 1000;
  }
  return stats;
}

}  // namespace

CpuMonitor::CpuMonitor(const std::filesystem::path& root, ScanMode mode, MonitorOptions options)
    : CpuMonitor(std::make_unique<Procfs>(root), root, mode, options) {}

CpuMonitor::CpuMonitor(std::unique_ptr<ProcessSource> source, std::filesystem::path root,
                       ScanMode mode, MonitorOptions options)
    : root_(std::move(root)),
      options_(options),
      scanner_(std::move(source), mode),
      totals_(options.groups) {
  try {
    thread_ = std::thread([this] {
      ::pthread_setname_np(::pthread_self(), "monitor");
      run();
    });
  } catch (const std::system_error& error) {
    throw std::system_error(error.code(), "could not start the thread that monitors the CPU");
  }
}

CpuMonitor::~CpuMonitor() {
  {
    const std::scoped_lock lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

std::shared_ptr<const MonitorSnapshot> CpuMonitor::latest() {
  const std::scoped_lock lock(mutex_);
  last_viewed_ = Clock::now();
  changed_.notify_all();
  return latest_;
}

void CpuMonitor::run() {
  std::optional<Baseline> baseline;
  Clock::time_point last;
  do {
    last = Clock::now();
    try {
      if (baseline) {
        publish_window(scanner_.roll(*baseline));
      } else {
        baseline = scanner_.open();
      }
    } catch (const std::exception&) {
      // Out of descriptors, for example. The window stays open, so that no tick is lost.
    }
  } while (wait_until_due(last));
}

// Blocks until the next window is due after the one at `last`. False if the monitor is ending.
bool CpuMonitor::wait_until_due(Clock::time_point last) {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (is_ending_) return false;
    const auto now = Clock::now();
    const bool has_viewer = last_viewed_ && now - *last_viewed_ < options_.viewer_timeout;
    const auto next = last + (!latest_     ? options_.first_interval
                              : has_viewer ? options_.active_interval
                                           : options_.idle_interval);
    if (next <= now) return true;
    changed_.wait_until(lock, next);
  }
}

void CpuMonitor::publish_window(CpuUsage usage) {
  totals_.add(usage);
  const nanoseconds cpu_time = cpu_time_of_this_thread();
  ScanResult scan{.usage = std::move(usage), .host = {}, .hidden = {}};
  scan.hidden = visibility_limit(root_, scan.usage.unreadable);
  auto snapshot = std::make_shared<MonitorSnapshot>();
  snapshot->report = report_of(scan, {.count = options_.listed});
  windows_.push_back({.stats = stats_of(snapshot->report), .cost = cpu_time - last_cpu_time_});
  last_cpu_time_ = cpu_time;
  windows_length_ += windows_.back().stats.length;
  while (windows_length_ - windows_.front().stats.length >= options_.history_length) {
    windows_length_ -= windows_.front().stats.length;
    windows_.pop_front();
  }
  snapshot->totals = totals_.totals();
  snapshot->history.reserve(windows_.size());
  nanoseconds cost{0};
  for (const MeasuredWindow& window : windows_) {
    snapshot->history.push_back(window.stats);
    cost += window.cost;
  }
  if (windows_length_.count() > 0) {
    snapshot->monitor_cost = std::chrono::duration<double>(cost) / windows_length_;
  }
  const std::scoped_lock lock(mutex_);
  latest_ = std::move(snapshot);
}

}  // namespace topnet::proc
