#include "proc/sampler.h"

#include <algorithm>
#include <utility>

#include "proc/clock_ticks.h"
#include "proc/procfs.h"
#include "proc/visibility.h"

namespace topnet::proc {

namespace {

using Clock = std::chrono::steady_clock;

// Whether a window that was meant to be `asked` long has been: to the millisecond, or a hundredth.
// On a machine that is too busy for that, its true length is told.
bool is_as_good_as(std::chrono::milliseconds measured, std::chrono::milliseconds asked) {
  return std::chrono::abs(measured - asked) <= std::max(std::chrono::milliseconds(1), asked / 100);
}

}  // namespace

Report report_of(const Sample& sample, const Wish& wish) {
  const Usage& usage = sample.usage;
  Report report{.host = sample.host,
                .time = usage.time,
                .window = usage.window,
                .clock_ticks_per_second = clock_ticks_per_second(),
                .processes_seen = usage.seen,
                .processes = top(usage.processes, wish.count, wish.key)};
  if (usage.machine && usage.machine->cpus > 0) report.cpus = usage.machine->cpus;
  report.accounting = account_for(usage, report.processes);
  report.hidden = sample.hidden;
  return report;
}

Sampler::Sampler(const std::filesystem::path& root, Method method)
    : Sampler(std::make_unique<Procfs>(root), root, method) {}

Sampler::Sampler(std::unique_ptr<Source> source, std::filesystem::path root, Method method)
    : root_(std::move(root)), scanner_(std::move(source), method) {}

std::shared_ptr<const Sample> Sampler::take(const Wish& wish,
                                            std::optional<std::chrono::milliseconds> window,
                                            const Wait& wait) {
  return window ? take_window(wish, *window, wait) : take_since_start(wish);
}

std::shared_ptr<const Sample> Sampler::take_since_start(const Wish& wish) {
  return take_part<Sample>(next_scan_, Latecomers::Excluded, wish,
                           [this](const std::vector<Wish>& wishes) {
                             const auto began = Clock::now();
                             Usage usage = scanner_.since_start(wishes);
                             return describe(std::move(usage), Clock::now() - began);
                           });
}

std::shared_ptr<const Sample> Sampler::take_window(const Wish& wish,
                                                   std::chrono::milliseconds window,
                                                   const Wait& wait) {
  const auto opened =
      take_part<Opened>(next_opening_, Latecomers::Excluded, wish, [this](const auto&) {
        const auto began = Clock::now();
        Baseline baseline = scanner_.open();
        return std::make_shared<const Opened>(
            Opened{.baseline = std::move(baseline), .took = Clock::now() - began, .closings = {}});
      });
  const auto end = opened->baseline.opened + window;
  if (wait) {
    wait(end);
  } else {
    wait_until(end);
  }
  // Who asked for the same window at the same time waits for the same end of it.
  std::shared_ptr<Round<Sample>>* closing = nullptr;
  {
    const std::scoped_lock lock(mutex_);
    closing = &opened->closings[window];
  }
  return take_part<Sample>(*closing, Latecomers::Included, wish, [&](const auto&) {
    const auto began = Clock::now();
    Usage usage = scanner_.close(opened->baseline);
    const auto took = opened->took + (Clock::now() - began);
    if (is_as_good_as(*usage.window, window)) usage.window = window;
    return describe(std::move(usage), took);
  });
}

void Sampler::wait_until(std::chrono::steady_clock::time_point end) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_until(lock, stop_.get_token(), end, [] { return false; });
  if (stop_.stop_requested()) throw SamplerStopped("the window was ended before its time");
}

std::shared_ptr<const Sample> Sampler::describe(Usage usage, std::chrono::nanoseconds took) {
  scans_.add(took);
  auto hidden = hidden_because(root_, usage.unreadable);
  return std::make_shared<const Sample>(Sample{.number = ++last_number_,
                                               .usage = std::move(usage),
                                               .host = read_host(root_),
                                               .hidden = std::move(hidden)});
}

template <typename Result>
std::shared_ptr<const Result> Sampler::take_part(
    std::shared_ptr<Round<Result>>& next, Latecomers latecomers, const Wish& wish,
    const std::function<std::shared_ptr<const Result>(const std::vector<Wish>&)>& run) {
  std::unique_lock lock(mutex_);
  if (!next) next = std::make_shared<Round<Result>>();
  const std::shared_ptr<Round<Result>> round = next;
  if (latecomers == Latecomers::Excluded) round->wishes.push_back(wish);
  changed_.wait(lock, [&] { return round->is_done || !is_scanning_; });
  if (!round->is_done) {
    // An exception is for everybody who takes part.
    std::packaged_task<std::shared_ptr<const Result>()> task([&] { return run(round->wishes); });
    round->outcome = task.get_future().share();
    // Nothing that may throw stands behind this.
    is_scanning_ = true;
    if (latecomers == Latecomers::Excluded) next.reset();
    lock.unlock();
    task();
    lock.lock();
    is_scanning_ = false;
    round->is_done = true;
    changed_.notify_all();
  }
  return round->outcome.get();
}

}  // namespace topnet::proc
