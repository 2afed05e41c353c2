// Scans that are shared by all who ask at the same time.
//
// Who asks gets a scan that began after it asked; who asks while one runs shares the next one with
// everybody else who does. So any number of simultaneous requests costs two scans at most. Any
// thread may ask; the scan runs in the thread of one of those who wait for it.
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

#include "proc/duration_counts.h"
#include "proc/host.h"
#include "proc/report.h"
#include "proc/scanner.h"
#include "proc/source.h"

namespace topnet::proc {

// One scan, and the machine that it was of.
struct Sample {
  std::uint64_t number = 0;  // no two of a sampler have the same
  Usage usage;
  Host host;
  std::optional<std::string> hidden;  // why not every process can be seen
};

// The report that the sample holds for a wish that it was taken for.
Report report_of(const Sample& sample, const Wish& wish);

// stop() was called while a window was open.
class SamplerStopped : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Sampler {
 public:
  // Throws std::system_error where `root` cannot be opened.
  Sampler(const std::filesystem::path& root, Method method);
  // With the processes of another source; `root` describes the host.
  Sampler(std::unique_ptr<Source> source, std::filesystem::path root, Method method);

  // Returns at the given moment. May throw, and the window is given up.
  using Wait = std::function<void(std::chrono::steady_clock::time_point)>;

  // A sample since each process started, or with a window over the time from now on, whose end is
  // waited for by `wait`, or without one, until stop(). Throws what Scanner and `wait` throw, and
  // SamplerStopped.
  std::shared_ptr<const Sample> take(const Wish& wish,
                                     std::optional<std::chrono::milliseconds> window = {},
                                     const Wait& wait = {});

  // Ends the wait for every window, now and from now on.
  void stop() { stop_.request_stop(); }

  // How long the scans took, and how many there were. A window is one, and its time that of reading
  // both ends.
  DurationCounts scans() const { return scans_.counts(); }

 private:
  // A scan that several wait for.
  template <typename Result>
  struct Round {
    std::vector<Wish> wishes;
    bool is_done = false;
    std::shared_future<std::shared_ptr<const Result>> outcome;
  };
  struct Opened {
    Baseline baseline;
    std::chrono::nanoseconds took;
    // By the window's length; guarded by the sampler's mutex.
    mutable std::map<std::chrono::milliseconds, std::shared_ptr<Round<Sample>>> closings;
  };
  // Whether those who come while a round runs may still take part in it.
  enum class Latecomers : std::uint8_t { Excluded, Included };

  std::shared_ptr<const Sample> take_since_start(const Wish& wish);
  std::shared_ptr<const Sample> take_window(const Wish& wish, std::chrono::milliseconds window,
                                            const Wait& wait);
  void wait_until(std::chrono::steady_clock::time_point end);
  std::shared_ptr<const Sample> describe(Usage usage, std::chrono::nanoseconds took);

  template <typename Result>
  std::shared_ptr<const Result> take_part(
      std::shared_ptr<Round<Result>>& next, Latecomers latecomers, const Wish& wish,
      const std::function<std::shared_ptr<const Result>(const std::vector<Wish>&)>& run);

  std::filesystem::path root_;
  Scanner scanner_;  // used by whoever made `is_scanning_` true
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_scanning_ = false;
  std::shared_ptr<Round<Sample>> next_scan_;
  std::shared_ptr<Round<Opened>> next_opening_;
  std::uint64_t last_number_ = 0;  // of whoever made `is_scanning_` true, too
  DurationCounter scans_;
  std::stop_source stop_;
};

}  // namespace topnet::proc
