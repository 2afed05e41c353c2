// What this machine's CPUs do, watched all the time: by windows that follow each other without a
// gap, so that every tick is in one of them.
//
// Has a thread of its own. Any thread may look.
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

#include "proc/cpu_totals.h"
#include "proc/report.h"
#include "proc/sampler.h"
#include "proc/scanner.h"

namespace topnet::proc {

struct WatchOptions {
  std::chrono::milliseconds first{250};        // how long the first window is
  std::chrono::milliseconds looked_at{2000};   // and another one while somebody looks
  std::chrono::milliseconds alone{10000};      // or not
  std::chrono::milliseconds attention{30000};  // for so long somebody who has looked does
  std::chrono::milliseconds memory{600000};    // how far the history goes back
  std::size_t listed = 10;                     // processes in the report
  std::size_t groups = 32;                     // names in the totals
};

// A window of the past.
struct Stretch {
  WallTime time;  // when it began
  std::chrono::milliseconds length{0};
  std::uint64_t capacity_ticks = 0;  // that all CPUs had in it; 0 where that is not known
  // Of it, in clock ticks; they add up.
  std::uint64_t busy_ticks = 0;
  std::uint64_t listed_ticks = 0;
  std::uint64_t other_ticks = 0;
  std::uint64_t ended_ticks = 0;
  std::uint64_t interrupt_ticks = 0;
  std::int64_t unexplained_ticks = 0;
};

struct Watched {
  Report report;                 // of the last window, without the host
  std::vector<Stretch> history;  // oldest first; the last is the report's
  CpuTotals totals;              // since the watch began
  double cost = 0;               // CPU that the watch has taken in that time, of one CPU
};

class Watch {
 public:
  // Throws std::system_error where `root` cannot be opened or there is no thread.
  Watch(const std::filesystem::path& root, Method method, WatchOptions options = {});
  // The same, with the processes of another source; `root` describes the host.
  Watch(std::unique_ptr<Source> source, std::filesystem::path root, Method method,
        WatchOptions options);
  ~Watch();
  Watch(Watch&&) = delete;

  // What the last window has shown, for somebody who goes on looking. Waits for nothing; null
  // before the first window has closed.
  std::shared_ptr<const Watched> look();

 private:
  using Clock = std::chrono::steady_clock;

  void run();
  bool wait_after(Clock::time_point last);
  void publish(Usage usage);

  const std::filesystem::path root_;
  const WatchOptions options_;
  Scanner scanner_;  // of the thread, as what follows
  CpuCounter counter_;
  struct Past {
    Stretch stretch;
    std::chrono::nanoseconds cost;
  };
  std::deque<Past> past_;
  std::chrono::milliseconds passed_{0};  // in it
  std::chrono::nanoseconds taken_{0};    // CPU time of the thread, when the last window was shown

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  bool is_ending_ = false;
  std::optional<Clock::time_point> looked_;
  std::shared_ptr<const Watched> latest_;

  std::thread thread_;
};

}  // namespace topnet::proc
