// What the kernel tells of processes: the seam between how they are ranked and where the figures
// come from. Used by one thread at a time.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "proc/cpu_times.h"
#include "proc/process.h"

namespace topnet::proc {

class Source {
 public:
  Source() = default;
  Source(Source&&) = delete;
  virtual ~Source() = default;

  // Where the figures come from, for messages: "/proc".
  virtual std::string name() const = 0;

  // Calls `take` for each process of the folder from `from` on, until it returns false: with its
  // pid and a position at which it is the next one. Position 0 is the beginning; others are good
  // for later calls, also when the process is gone.
  // Throws std::system_error where the folder cannot be read.
  virtual void read_pids(off_t from, const std::function<bool(pid_t pid, off_t at)>& take) = 0;

  // The pid that was given out last, to a process or a thread; nullopt where that is not known.
  virtual std::optional<pid_t> read_last_pid() = 0;

  // Pids are smaller than this, and are given out anew from the smallest on once it is reached.
  virtual std::uint64_t read_pid_limit() = 0;

  // Whether the CPU clocks of processes can be asked for by these pids.
  virtual bool has_clocks() const = 0;

  // The pid of this very process, where it is one of these.
  virtual std::optional<pid_t> own_pid() const { return std::nullopt; }

  // The CPU clock of a process in nanoseconds: what all its threads, dead ones too, have used.
  // nullopt where it cannot be read, the process having vanished for instance.
  virtual std::optional<std::uint64_t> read_clock(pid_t pid) = 0;

  // What its stat file says.
  struct Stat {
    std::optional<Process> process;
    bool is_unreadable = false;  // without a process: it is there, but may not or cannot be read
  };
  // Throws std::system_error where the machine is out of something (descriptors, memory), since a
  // ranking would then be wrong without a sign of it.
  virtual Stat read_stat(pid_t pid) = 0;

  // The whole machine's figures; nullopt where there are none.
  virtual std::optional<CpuTimes> read_cpu_times() = 0;
};

}  // namespace topnet::proc
