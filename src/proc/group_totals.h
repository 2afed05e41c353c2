// Running totals of CPU time, for the machine and for groups of processes with the same name. They
// never fall, and the number of names is bounded. Used by one thread at a time.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "proc/cpu_usage.h"

namespace topnet::proc {

// The processes of one name.
struct GroupTotal {
  std::string name;  // escaped (base/escape.h); never empty, and never kOtherGroup
  std::uint64_t user_ticks = 0;
  std::uint64_t system_ticks = 0;
  // Use in each of the last six periods of 10 min, the current one first.
  std::array<std::uint64_t, 6> last_hour_ticks{};

  std::uint64_t cpu_ticks() const { return user_ticks + system_ticks; }
};

inline constexpr const char* kOtherGroup = "_other";

// In clock ticks. While no group is replaced and `has_machine` holds,
// groups + other + exited + interrupt + unexplained - overexplained grows by as much as busy.
struct CpuTotals {
  // Whether the last window had the kernel's figures. A window without them adds nothing to the
  // totals of busy, interrupt, unexplained and overexplained time.
  bool has_machine = false;
  std::uint64_t busy_ticks = 0;
  std::uint64_t exited_ticks = 0;
  std::uint64_t interrupt_ticks = 0;
  std::uint64_t unexplained_ticks = 0;    // busy - found, summed over windows with less found
  std::uint64_t overexplained_ticks = 0;  // found - busy, summed over windows with more found
  std::vector<GroupTotal> groups;         // in no order; names are unique
  GroupTotal other{.name = kOtherGroup};  // all other names
};

// Adds up windows and assigns names to groups. The first `max_groups` names that use CPU get a
// group each; of several in one window, those that use most. A name in the other group that uses
// more than 10 % of a CPU in every window for 30 s is heavy: it replaces the name that has used
// least in the last hour. A name that uses more than 10 % of a CPU itself is not replaced, so that
// heavy names do not replace each other in turn. The new group starts at 0: earlier use stays in
// the other group.
class GroupTotals {
 public:
  explicit GroupTotals(std::size_t max_groups) : max_groups_(max_groups) {}

  // `usage` must have a window.
  void add(const CpuUsage& usage);

  const CpuTotals& totals() const { return totals_; }

 private:
  // The latest consecutive heavy windows.
  struct Heavy {
    std::chrono::milliseconds time{0};
    std::uint64_t ticks = 0;
  };

  void add_accounting(const CpuUsage& usage);
  void add_groups(const CpuUsage& usage);
  void advance_periods(std::chrono::milliseconds window);

  std::size_t max_groups_;
  CpuTotals totals_;
  std::chrono::milliseconds period_{0};  // elapsed in the current period of 10 min
  // Names of the other group that were heavy in the last window; at most ten for each CPU.
  std::map<std::string, Heavy> heavy_;
};

}  // namespace topnet::proc
