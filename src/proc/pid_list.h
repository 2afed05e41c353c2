// The pids of all processes of one source, kept up to date at little cost.
//
// Walking /proc takes longer than reading all CPU clocks. So a full walk is rare: the kernel
// assigns pids in rising order and tells the last one, so that new pids can only be in the last
// part of the folder. Used by one thread at a time.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "proc/process_source.h"

namespace topnet::proc {

class PidList {
 public:
  using Clock = std::chrono::steady_clock;

  // `source` has to outlive the list.
  explicit PidList(ProcessSource& source) : source_(source) {}

  // Returns all pids in rising order; some may have vanished. `forks` is the number of processes
  // and threads started since boot (CpuTimes); if it is not known, the folder is walked each time.
  // Throws the source's exceptions.
  const std::vector<pid_t>& update(std::optional<std::uint64_t> forks,
                                   Clock::time_point now = Clock::now());

  // Removes pids, which have to be in rising order.
  void remove(const std::vector<pid_t>& vanished);

  // The number of full walks.
  std::uint64_t walks() const { return walks_; }

 private:
  // How far the folder had been read at some time. A pid is assigned before its process appears in
  // the folder, so smaller pids may still appear for a moment.
  struct Mark {
    pid_t last_pid;  // the last assigned pid
    off_t offset;    // position of the last process; higher pids follow it
    Clock::time_point time;
  };

  bool has_wrapped_around(pid_t last_pid, std::uint64_t forks);
  Mark walk(pid_t last_pid, Clock::time_point now);
  Mark read_new_pids(pid_t last_pid, Clock::time_point now);

  ProcessSource& source_;
  std::vector<pid_t> pids_;
  std::uint64_t walks_ = 0;
  Clock::time_point last_walk_;
  std::uint64_t forks_ = 0;      // at the last update
  pid_t last_pid_ = 0;           // at the last update
  std::optional<Mark> settled_;  // old enough: no smaller pid can appear; nullopt: walk
  std::optional<Mark> recent_;   // becomes `settled_` when it is old enough
};

}  // namespace topnet::proc
