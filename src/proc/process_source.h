// An interface to the kernel's data about processes. Tests replace it by a simulated kernel. Used
// by one thread at a time.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "proc/cpu_times.h"
#include "proc/process.h"

namespace topnet::proc {

class ProcessSource {
 public:
  ProcessSource() = default;
  ProcessSource(ProcessSource&&) = delete;
  virtual ~ProcessSource() = default;

  // For messages: "/proc".
  virtual std::string name() const = 0;

  // Calls `visit` for each process from offset `from` on, until it returns false. `offset` is the
  // position of the process and remains valid after the process is gone. Offset 0 is the beginning.
  // Throws std::system_error if the folder cannot be read.
  virtual void read_pids(off_t from, const std::function<bool(pid_t pid, off_t offset)>& visit) = 0;

  // The last pid that was assigned to a process or thread; nullopt if not known.
  virtual std::optional<pid_t> read_last_pid() = 0;

  // All pids are smaller. At the limit the kernel continues with the smallest free pid.
  virtual std::uint64_t read_pid_limit() = 0;

  // Whether the CPU clocks of these pids can be read.
  virtual bool has_clocks() const = 0;

  // The pid of the running topnet, if it is a process of this source.
  virtual std::optional<pid_t> own_pid() const { return std::nullopt; }

  // The CPU clock of a process in nanoseconds: the time of all its threads, also of exited ones.
  // nullopt if it cannot be read, for instance because the process has vanished.
  virtual std::optional<std::uint64_t> read_clock(pid_t pid) = 0;

  // Without a process and not unreadable: the process has vanished.
  struct Stat {
    std::optional<Process> process;
    bool is_unreadable = false;  // the process exists, but its stat could not be read
  };
  // Throws std::system_error if the machine is out of descriptors or memory: a ranking without the
  // process would be wrong.
  virtual Stat read_stat(pid_t pid) = 0;

  // nullopt if not known.
  virtual std::optional<CpuTimes> read_cpu_times() = 0;
};

}  // namespace topnet::proc
