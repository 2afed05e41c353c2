// The pids of all processes of one source, kept up to date at little cost.
//
// Walking /proc costs more than asking every process's clock. So the folder is walked once; after
// that only the part is read where new pids can be: the kernel gives them out in rising order, and
// says which was the last one. Used by one thread at a time.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "proc/source.h"

namespace topnet::proc {

class PidList {
 public:
  using Clock = std::chrono::steady_clock;

  // `source` outlives the list.
  explicit PidList(Source& source) : source_(source) {}

  // All pids that are there, in rising order; some may have vanished since. `forks` is how many
  // processes and threads the machine has started since boot (CpuTimes); where that is not known,
  // the folder is walked every time. Throws what the source throws.
  const std::vector<pid_t>& update(std::optional<std::uint64_t> forks,
                                   Clock::time_point now = Clock::now());

  // These, in rising order, have vanished.
  void remove(const std::vector<pid_t>& vanished);

  // How often the whole folder was walked.
  std::uint64_t walks() const { return walks_; }

 private:
  // How far pids had been given out at some moment, and from where in the folder those that follow
  // can be read: where the last process stood.
  struct Mark {
    pid_t last_pid;
    off_t offset;
    Clock::time_point time;
  };

  bool has_started_over(pid_t last_pid, std::uint64_t forks);
  Mark walk(pid_t last_pid, Clock::time_point now);
  Mark read_new_ones(pid_t last_pid, Clock::time_point now);

  Source& source_;
  std::vector<pid_t> pids_;
  std::uint64_t walks_ = 0;
  Clock::time_point walked_;
  std::uint64_t forks_ = 0;      // at the last update
  pid_t last_pid_ = 0;           // at the last update
  std::optional<Mark> settled_;  // all pids up to there have been seen; none: walk
  std::optional<Mark> recent_;   // pids up to there have been looked for
};

}  // namespace topnet::proc
