// Reads all processes of a source consistently.
//
// While processes are read, one may exit, and its time then moves into its parent. The time would
// be counted twice or not at all, depending on which of the two was read first. So both are read
// again until each tick is in one place.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "proc/pid_list.h"
#include "proc/process_source.h"

namespace topnet::proc {

// Whether CPU clocks save reading: a process whose clock has not moved has not run, and is not read
// again.
enum class Clocks : std::uint8_t { Use, Ignore };

struct Snapshot {
  struct Entry {
    Process process;
    std::optional<std::uint64_t> clock;  // in nanoseconds, read before the process
  };
  std::vector<Entry> entries;  // in rising order of pids
  std::uint64_t unreadable = 0;
};

// Reads all processes. Reuses the entries of `earlier` whose processes have not run since. If
// `earlier` is empty, the result is not made consistent. `forks` is for PidList. Throws the
// source's exceptions.
Snapshot read_all(ProcessSource& source, PidList& list, std::optional<std::uint64_t> forks,
                  Clocks clocks, const std::vector<Snapshot::Entry>& earlier);

// Finds entries for pids that are asked for in rising order.
class SnapshotCursor {
 public:
  explicit SnapshotCursor(const std::vector<Snapshot::Entry>& entries)
      : next_(entries.begin()), end_(entries.end()) {}

  // The entry of `pid`, or null. Calls `skip` for the entries of smaller pids that were not asked
  // for.
  template <typename Skip>
  const Snapshot::Entry* find(pid_t pid, Skip skip) {
    for (; next_ != end_ && next_->process.pid < pid; ++next_) skip(*next_);
    return next_ != end_ && next_->process.pid == pid ? &*next_++ : nullptr;
  }

  // Calls `skip` for the remaining entries.
  template <typename Skip>
  void finish(Skip skip) {
    for (; next_ != end_; ++next_) skip(*next_);
  }

 private:
  std::vector<Snapshot::Entry>::const_iterator next_;
  std::vector<Snapshot::Entry>::const_iterator end_;
};

}  // namespace topnet::proc
