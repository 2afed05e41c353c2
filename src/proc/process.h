// One process, as /proc/[pid]/stat describes it (proc(5)).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace topnet::proc {

struct Process {
  pid_t pid = 0;
  std::string name;                    // comm, escaped (base/escape.h); may be empty
  char state = 0;                      // R, S, D, Z, ...; 0: not known
  std::uint64_t user_ticks = 0;        // field 14, utime
  std::uint64_t system_ticks = 0;      // field 15, stime
  std::uint64_t start_time_ticks = 0;  // field 22, after boot; pid and start time are unique
  pid_t parent = 0;                    // field 4, ppid; 0: none, or not known
  std::uint64_t children_ticks = 0;    // fields 16 + 17, cutime + cstime: children waited for

  std::uint64_t cpu_ticks() const { return user_ticks + system_ticks; }

  friend bool operator==(const Process&, const Process&) = default;
};

}  // namespace topnet::proc
