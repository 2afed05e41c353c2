// Scans repeatedly, as `topnet serve` does, and prints the median CPU time of a scan in nanoseconds
// per process.

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <memory>
#include <vector>

#include "proc/procfs.h"
#include "proc/scanner.h"

namespace {

constexpr int kRounds = 50;

double cpu_nanoseconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

// A new process is found by two scans that are a tenth of a second apart.
void scan_until_the_pid_list_is_stable(topnet::proc::Scanner& scanner) {
  for (int i = 0; i < 3; ++i) {
    scanner.since_start({{.count = 10}});
    const timespec pause{.tv_sec = 0, .tv_nsec = 150'000'000};
    ::nanosleep(&pause, nullptr);
  }
}

}  // namespace

int main() {
  topnet::proc::Scanner scanner(std::make_unique<topnet::proc::Procfs>("/proc"),
                                topnet::proc::ScanMode::Clocks);
  scan_until_the_pid_list_is_stable(scanner);
  std::vector<double> costs;
  for (int i = 0; i < kRounds; ++i) {
    const double before = cpu_nanoseconds();
    const auto usage = scanner.since_start({{.count = 10}});
    costs.push_back((cpu_nanoseconds() - before) / static_cast<double>(usage.seen));
  }
  std::sort(costs.begin(), costs.end());
  std::printf("%.0f\n", costs[costs.size() / 2]);
}
