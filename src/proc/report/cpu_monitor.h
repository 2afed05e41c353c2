// Measures this machine's CPU use all the time, in windows that follow each other without a gap, so
// that each tick is in exactly one of them.
//
// Runs in a thread of its own. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "proc/group_totals.h"
#include "proc/report/report.h"
#include "proc/report/shared_scanner.h"
#include "proc/scanner.h"

namespace topnet::proc {

struct MonitorOptions {
  // The length of the first window, of windows while a viewer is active, and of others.
  std::chrono::milliseconds first_interval{250};
  std::chrono::milliseconds active_interval{2000};
  std::chrono::milliseconds idle_interval{10000};
  std::chrono::milliseconds viewer_timeout{30000};   // a viewer is active this long after a view
  std::chrono::milliseconds history_length{600000};  // older windows are dropped
  std::size_t listed = 10;                           // processes in the report
  std::size_t groups = 32;                           // names in the totals
};

// The CPU time of one window.
struct WindowStats {
  base::WallTime time;  // the begin
  std::chrono::milliseconds length{0};
  // nullopt: not known.
  std::optional<std::uint64_t> capacity_ticks;  // of all CPUs
  std::optional<Accounting> accounting;         // with exited_ticks, without exited_by_parent
};

struct MonitorSnapshot {
  Report report;                     // of the last window, without the host
  std::vector<WindowStats> history;  // oldest first; the last is the report's
  CpuTotals totals;                  // since the monitor started
  double monitor_cost = 0;           // the monitor's own CPU use in `history`; 1 is one CPU
};

class CpuMonitor {
 public:
  // Starts the thread. Throws std::system_error if `root` cannot be opened or no thread can be
  // started.
  CpuMonitor(const std::filesystem::path& root, ScanMode mode, MonitorOptions options = {});
  // Reads processes from `source`, and the host from `root`.
  CpuMonitor(std::unique_ptr<ProcessSource> source, std::filesystem::path root, ScanMode mode,
             MonitorOptions options);
  ~CpuMonitor();
  CpuMonitor(CpuMonitor&&) = delete;

  // Marks the viewer as active. Does not block; null until the first window has closed.
  std::shared_ptr<const MonitorSnapshot> latest();

 private:
  using Clock = std::chrono::steady_clock;

  void run();
  bool wait_until_due(Clock::time_point last);
  void publish_window(CpuUsage usage);

  const std::filesystem::path root_;
  const MonitorOptions options_;

  // Used by the thread only.
  Scanner scanner_;
  GroupTotals totals_;
  struct MeasuredWindow {
    WindowStats stats;
    std::chrono::nanoseconds cost;
  };
  std::deque<MeasuredWindow> windows_;
  std::chrono::milliseconds windows_length_{0};
  std::chrono::nanoseconds last_cpu_time_{0};  // of the thread, at the end of the last window

  std::mutex mutex_;  // guards the members below
  std::condition_variable changed_;
  bool is_ending_ = false;
  std::optional<Clock::time_point> last_viewed_;
  std::shared_ptr<const MonitorSnapshot> latest_;

  std::thread thread_;
};

}  // namespace topnet::proc
