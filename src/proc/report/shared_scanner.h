// Scans that concurrent requests share.
//
// Each request gets a scan that began after the request arrived. Requests that arrive during a scan
// share the next one, so any number of simultaneous requests cost at most two scans. Thread-safe; a
// scan runs in the thread of one of the callers that wait for it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <vector>

#include "base/histogram.h"
#include "proc/host.h"
#include "proc/process_source.h"
#include "proc/report/report.h"
#include "proc/scanner.h"

namespace topnet::proc {

// One scan, and the machine that was scanned.
struct ScanResult {
  std::uint64_t number = 0;  // unique within its SharedScanner
  CpuUsage usage;
  Host host;
  std::optional<std::string> hidden;  // why processes are hidden, in one line
  std::optional<double> cpu_limit;    // of this program's cgroup, in CPUs
};

// `query` is one that `scan` was made for.
Report report_of(const ScanResult& scan, const RankingQuery& query);

// stop() was called while a window was open.
class ScanStopped : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class SharedScanner {
 public:
  // Throws std::system_error if `root` cannot be opened.
  SharedScanner(const std::filesystem::path& root, ScanMode mode);
  // Reads processes from `source`, and the host from `root`.
  SharedScanner(std::unique_ptr<ProcessSource> source, std::filesystem::path root, ScanMode mode);

  // Blocks until the given moment. An exception that it throws abandons the window.
  using Wait = std::function<void(std::chrono::steady_clock::time_point)>;

  // Without a window, scans the CPU used since each process started. A window opens now; `wait`
  // waits for its end, or stop() ends it if `wait` is empty. Throws what Scanner and `wait` throw,
  // and ScanStopped.
  std::shared_ptr<const ScanResult> scan(const RankingQuery& query,
                                         std::optional<std::chrono::milliseconds> window = {},
                                         const Wait& wait = {});

  // The machine that is scanned.
  Host host() const { return host_.read(); }

  // Ends the wait for every window, open or future.
  void stop() { stop_.request_stop(); }

  // Durations of all scans. A window counts once, with the time that reading both ends took.
  base::HistogramCounts scans() const { return scans_.counts(); }

 private:
  // A scan that several callers wait for.
  template <typename Result>
  struct Flight {
    std::vector<RankingQuery> queries;
    bool is_done = false;
    std::shared_future<std::shared_ptr<const Result>> outcome;
  };
  struct OpenedWindow {
    Baseline baseline;
    std::chrono::nanoseconds duration;  // of reading the baseline
    // By the window's length; guarded by the SharedScanner's mutex.
    mutable std::map<std::chrono::milliseconds, std::shared_ptr<Flight<ScanResult>>> closings;
  };
  // Until when callers may join a flight.
  enum class JoinUntil : std::uint8_t { Start, End };

  std::shared_ptr<const ScanResult> scan_since_start(const RankingQuery& query);
  std::shared_ptr<const ScanResult> scan_window(const RankingQuery& query,
                                                std::chrono::milliseconds window, const Wait& wait);
  void wait_until(std::chrono::steady_clock::time_point end);
  std::shared_ptr<const ScanResult> make_result(CpuUsage usage, std::chrono::nanoseconds duration);

  // Joins the flight `next`, or starts one, and returns its result when it is done. The first
  // caller to find the scanner free calls `run` for all of them. `run` gets the queries only of
  // flights that callers may join until the start.
  template <typename Result>
  std::shared_ptr<const Result> join_flight(
      std::shared_ptr<Flight<Result>>& next, JoinUntil until, const RankingQuery& query,
      const std::function<std::shared_ptr<const Result>(const std::vector<RankingQuery>&)>& run);

  std::filesystem::path root_;
  HostReader host_;
  Scanner scanner_;  // used by the thread that set `is_scanning_`
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_scanning_ = false;
  std::shared_ptr<Flight<ScanResult>> next_scan_;
  std::shared_ptr<Flight<OpenedWindow>> next_opening_;
  std::uint64_t last_number_ = 0;  // used by the thread that set `is_scanning_`
  base::Histogram scans_;
  std::stop_source stop_;
};

}  // namespace topnet::proc
