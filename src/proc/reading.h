// All processes of a source, read so that they agree with each other.
//
// Reading takes its time, and the machine does not wait: a process may end, and its time move into
// its parent, between the readings of the two. Both are looked at again then, until no time is in
// two places or in none.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "proc/pid_list.h"
#include "proc/source.h"

namespace topnet::proc {

// Whether a clock that has not moved is believed to mean that a process has not run.
enum class Clocks : std::uint8_t { Ask, Ignore };

struct Reading {
  struct Entry {
    Process process;
    std::optional<std::uint64_t> clock;  // in nanoseconds, asked before the process was read
  };
  std::vector<Entry> entries;  // in rising order of pids
  std::uint64_t unreadable = 0;
};

// Every process there is. Of `earlier` entries, those are taken over whose processes have not run
// since; where there are none, it is a first reading, and nothing has to agree. `forks` is what
// PidList wants to know. Throws what the source throws.
Reading read_all(Source& source, PidList& list, std::optional<std::uint64_t> forks, Clocks clocks,
                 const std::vector<Reading::Entry>& earlier);

// Walks entries along with pids that come in the same rising order.
class EntryWalk {
 public:
  explicit EntryWalk(const std::vector<Reading::Entry>& entries)
      : next_(entries.begin()), end_(entries.end()) {}

  // The entry of `pid`, if it has one. Calls `pass` with those of smaller pids that were not asked
  // for.
  template <typename Pass>
  const Reading::Entry* find(pid_t pid, Pass pass) {
    for (; next_ != end_ && next_->process.pid < pid; ++next_) pass(*next_);
    return next_ != end_ && next_->process.pid == pid ? &*next_++ : nullptr;
  }

  template <typename Pass>
  void finish(Pass pass) {
    for (; next_ != end_; ++next_) pass(*next_);
  }

 private:
  std::vector<Reading::Entry>::const_iterator next_;
  std::vector<Reading::Entry>::const_iterator end_;
};

}  // namespace topnet::proc
