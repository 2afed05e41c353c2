#include "proc/watch.h"

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

Stretch stretch_of(const Report& report) {
  Stretch stretch{.time = report.time,
                  .length = report.window.value_or(std::chrono::milliseconds(0))};
  stretch.capacity_ticks = static_cast<std::uint64_t>(stretch.length.count()) *
                           report.cpus.value_or(0) * report.clock_ticks_per_second / 1000;
  if (const auto& accounting = report.accounting) {
    stretch.busy_ticks = accounting->busy_ticks;
    stretch.listed_ticks = accounting->listed_ticks;
    stretch.other_ticks = accounting->other_ticks;
    stretch.ended_ticks = accounting->ended_ticks.value_or(0);
    stretch.interrupt_ticks = accounting->interrupt_ticks;
    stretch.unexplained_ticks = accounting->unexplained_ticks;
  }
  return stretch;
}

}  // namespace

Watch::Watch(const std::filesystem::path& root, Method method, WatchOptions options)
    : Watch(std::make_unique<Procfs>(root), root, method, options) {}

Watch::Watch(std::unique_ptr<Source> source, std::filesystem::path root, Method method,
             WatchOptions options)
    : root_(std::move(root)),
      options_(options),
      scanner_(std::move(source), method),
      counter_(options.groups) {
  try {
    thread_ = std::thread([this] {
      ::pthread_setname_np(::pthread_self(), "watch");
      run();
    });
  } catch (const std::system_error& error) {
    throw std::system_error(error.code(), "could not start the thread that watches this machine");
  }
}

Watch::~Watch() {
  {
    const std::scoped_lock lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

std::shared_ptr<const Watched> Watch::look() {
  const std::scoped_lock lock(mutex_);
  looked_ = Clock::now();
  changed_.notify_all();
  return latest_;
}

void Watch::run() {
  std::optional<Baseline> baseline;
  Clock::time_point last;
  do {
    last = Clock::now();
    try {
      if (baseline) {
        publish(scanner_.roll(*baseline));
      } else {
        baseline = scanner_.open();
      }
    } catch (const std::exception&) {
      // Out of descriptors, for example. What could not be closed stays open.
    }
  } while (wait_after(last));
}

// Waits until something is to be done that was done last at `last`; false where the watch ends.
bool Watch::wait_after(Clock::time_point last) {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (is_ending_) return false;
    const auto now = Clock::now();
    const bool is_looked_at = looked_ && now - *looked_ < options_.attention;
    const auto next = last + (!latest_       ? options_.first
                              : is_looked_at ? options_.looked_at
                                             : options_.alone);
    if (next <= now) return true;
    changed_.wait_until(lock, next);
  }
}

void Watch::publish(Usage usage) {
  counter_.add(usage);
  const nanoseconds taken = cpu_time_of_this_thread();
  Sample sample{.usage = std::move(usage), .host = {}, .hidden = {}};
  sample.hidden = hidden_because(root_, sample.usage.unreadable);
  auto watched = std::make_shared<Watched>();
  watched->report = report_of(sample, {.count = options_.listed});
  past_.push_back({.stretch = stretch_of(watched->report), .cost = taken - taken_});
  taken_ = taken;
  passed_ += past_.back().stretch.length;
  for (; passed_ - past_.front().stretch.length >= options_.memory; past_.pop_front()) {
    passed_ -= past_.front().stretch.length;
  }
  watched->totals = counter_.totals();
  watched->history.reserve(past_.size());
  nanoseconds cost{0};
  for (const Past& each : past_) {
    watched->history.push_back(each.stretch);
    cost += each.cost;
  }
  if (passed_.count() > 0) watched->cost = std::chrono::duration<double>(cost) / passed_;
  const std::scoped_lock lock(mutex_);
  latest_ = std::move(watched);
}

}  // namespace topnet::proc
