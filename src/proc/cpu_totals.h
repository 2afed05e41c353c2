// What the CPUs have done since it is counted, window by window, and for which programs: totals
// that only grow and add up, of a bounded number of names. Used by one thread at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proc/usage.h"

namespace topnet::proc {

// The processes of one name.
struct GroupTotal {
  std::string name;  // escaped (proc/escape.h); never empty, and never kOtherGroup
  std::uint64_t user_ticks = 0;
  std::uint64_t system_ticks = 0;
  // Moments of CpuTotals::watched: when it was a culprit last, and since when it is at rest.
  std::optional<std::chrono::milliseconds> culprit_at;
  std::optional<std::chrono::milliseconds> rests_since;

  std::uint64_t cpu_ticks() const { return user_ticks + system_ticks; }

  friend bool operator==(const GroupTotal&, const GroupTotal&) = default;
};

// A name that had a group, and the moment of CpuTotals::watched from which on it has none.
struct LostGroup {
  std::string name;
  std::chrono::milliseconds since{0};
};

inline constexpr const char* kOtherGroup = "_other";

// In clock ticks. Groups, other, ended, interrupts and unexplained, less overexplained, are what
// was busy.
struct CpuTotals {
  std::chrono::milliseconds watched{0};  // the length of all windows
  std::uint64_t busy_ticks = 0;
  std::uint64_t ended_ticks = 0;
  std::uint64_t interrupt_ticks = 0;
  std::uint64_t unexplained_ticks = 0;    // of windows in which less was found than was busy
  std::uint64_t overexplained_ticks = 0;  // and in which more was
  std::vector<GroupTotal> groups;         // in no order; no two of the same name
  GroupTotal other{.name = kOtherGroup, .culprit_at = {}, .rests_since = {}};  // all other names
};

// Gives names their groups. A name gets one as soon as it has used CPU, those with most of it
// first. Where all are taken, room is kept for culprits, which use a tenth of a CPU in a window or
// more: a quarter of the groups, of names that were none for five minutes, is put to rest, and what
// these use from then on is in the other group. Their totals stay as they are, so that whoever
// reads them now and then misses nothing; after two minutes, and once read, such a group may be a
// culprit's. A
// name that has lost its group can get another one, which begins at nothing, after as long, so that
// nobody takes the one for the other.
class CpuCounter {
 public:
  explicit CpuCounter(std::size_t most_groups) : most_groups_(most_groups) {}

  // Adds a window (`usage` has one). `read` is the time watched in the totals that somebody has
  // read last. Without memory all names are in the other group.
  void add(const Usage& usage, std::chrono::milliseconds read) noexcept;

  const CpuTotals& totals() const { return totals_; }

 private:
  void add_groups(const Usage& usage, std::chrono::milliseconds read);

  std::size_t most_groups_;
  CpuTotals totals_;
  std::vector<LostGroup> lost_;  // no more than there may be groups
};

}  // namespace topnet::proc
