// Totals of what the CPUs have done, window by window, and of the programs that used them. They
// only grow, add up, and are kept for a bounded number of names. Used by one thread at a time.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "proc/usage.h"

namespace topnet::proc {

// The processes of one name.
struct GroupTotal {
  std::string name;  // escaped (proc/escape.h); never empty, and never kOtherGroup
  std::uint64_t user_ticks = 0;
  std::uint64_t system_ticks = 0;
  // Use in each of the last six periods of 10 min, the current one first.
  std::array<std::uint64_t, 6> last_hour_ticks{};

  std::uint64_t cpu_ticks() const { return user_ticks + system_ticks; }
};

inline constexpr const char* kOtherGroup = "_other";

// In clock ticks. Groups, other, ended, interrupts and unexplained, less overexplained, grow by as
// much as busy, over any time in which no group was replaced.
struct CpuTotals {
  std::uint64_t busy_ticks = 0;
  std::uint64_t ended_ticks = 0;
  std::uint64_t interrupt_ticks = 0;
  std::uint64_t unexplained_ticks = 0;    // of windows in which less was found than was busy
  std::uint64_t overexplained_ticks = 0;  // and in which more was
  std::vector<GroupTotal> groups;         // in no order; no two of the same name
  GroupTotal other{.name = kOtherGroup};  // all other names
};

// Gives names their groups. The first `most_groups` names that use CPU get one each, those that use
// most first. A name in the other group that uses more than 10 % of a CPU in every window for 30 s
// replaces the name that has used least in the last hour. A name that uses more than 10 % of a CPU
// itself is not replaced, so that heavy names do not replace each other in turn. The new group
// starts at 0: what the name used before stays in the other group.
class CpuCounter {
 public:
  explicit CpuCounter(std::size_t most_groups) : most_groups_(most_groups) {}

  // Adds a window (`usage` has one).
  void add(const Usage& usage);

  const CpuTotals& totals() const { return totals_; }

 private:
  // The heavy windows up to now, without a gap.
  struct Heavy {
    std::chrono::milliseconds time{0};
    std::uint64_t ticks = 0;
  };

  void add_accounting(const Usage& usage);
  void add_groups(const Usage& usage);
  void advance_periods(std::chrono::milliseconds window);

  std::size_t most_groups_;
  CpuTotals totals_;
  std::chrono::milliseconds period_{0};  // how much of the current period of 10 min has passed
  // Names of the other group that were heavy in the last window: at most ten for each CPU.
  std::map<std::string, Heavy> heavy_;
};

}  // namespace topnet::proc
