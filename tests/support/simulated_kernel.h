// A simulated kernel. A test starts, runs and ends its processes, and can see what topnet reads.
//
// Like Linux, it counts in nanoseconds and shows whole ticks, with user and system time truncated
// separately. It assigns pids to processes and threads in rising order. It moves the time of a
// process that was waited for into its parent. Tests compare results with its exact times.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "proc/process_source.h"

namespace topnet::test {

class SimulatedKernel : public proc::ProcessSource {
 public:
  static constexpr std::uint64_t kTick = 10'000'000;  // all times are in nanoseconds
  static constexpr pid_t kInit = 1;
  static constexpr pid_t kFirstReusedPid = 20;  // the first pid after a wrap-around

  // Starts init, with pid 1.
  explicit SimulatedKernel(std::uint64_t pid_limit = 32768);

  // Events.
  pid_t fork(pid_t parent, const std::string& name = "child");
  pid_t fork_hidden(pid_t parent);  // assigns a pid, but the process appears only with show()
  void show(pid_t pid);
  void start_thread();  // uses a pid
  void run(pid_t pid, std::uint64_t user, std::uint64_t system = 0);
  void interrupt(std::uint64_t time);
  // Makes it a zombie, or removes it if its parent ignores SIGCHLD. The nearest subreaper above it,
  // or init, adopts its children.
  void exit(pid_t pid);
  void wait_for(pid_t zombie);  // by its parent
  void end(pid_t pid);          // exit() and wait_for()
  void ignore_children(pid_t pid) { at(pid).ignores_children = true; }
  void become_subreaper(pid_t pid) { at(pid).is_subreaper = true; }
  void pass_ticks(std::uint64_t ticks) { uptime_ticks_ += ticks; }
  // The next process gets the first free pid from `pid` on.
  void continue_pids_from(pid_t pid) { last_pid_ = pid - 1; }

  // Faults.
  void hide_clock(pid_t pid) { at(pid).has_clock = false; }
  void set_clock_back(pid_t pid, std::int64_t time) { at(pid).clock_error = -time; }
  void make_unreadable(pid_t pid) { at(pid).is_readable = false; }
  void disable_clocks() { has_clocks_ = false; }
  // Called before each reading, for events between two readings.
  std::function<void(pid_t)> before_stat = [](pid_t) {};
  std::function<void(pid_t)> before_clock = [](pid_t) {};
  std::function<void()> before_cpu_times = [] {};
  bool has_cpu_times = true;
  std::optional<std::uint32_t> cpus = 2;
  std::optional<std::uint64_t> steal_ticks = 0;

  // The actual state.
  std::vector<pid_t> pids() const;  // in rising order
  bool exists(pid_t pid) const;
  bool is_zombie(pid_t pid) const { return at(pid).is_zombie; }
  bool ignores_children(pid_t pid) const { return at(pid).ignores_children; }
  pid_t parent_of(pid_t pid) const { return at(pid).parent; }
  std::uint64_t used() const { return busy_ - interrupts_; }  // by all processes ever
  std::uint64_t used_by(pid_t pid) const { return at(pid).user + at(pid).system; }

  // Starts the counts below.
  void mark();
  std::uint64_t used_since_mark(pid_t pid) const { return at(pid).since_mark; }
  // By descendants that it has waited for, directly or through their parents.
  std::uint64_t reaped_since_mark(pid_t pid) const { return at(pid).children_since_mark; }
  // By processes whose parents ignored SIGCHLD.
  std::uint64_t lost_since_mark() const { return lost_since_mark_; }

  // Reads since the test last reset them.
  struct Reads {
    std::vector<pid_t> stats;
    std::vector<pid_t> clocks;
    std::size_t entries = 0;  // of the folder
  };
  Reads reads;

  // proc::ProcessSource
  std::string name() const override { return "a simulated kernel"; }
  void read_pids(off_t from, const std::function<bool(pid_t, off_t)>& visit) override;
  std::optional<pid_t> read_last_pid() override { return last_pid_; }
  std::uint64_t read_pid_limit() override { return pid_limit_; }
  bool has_clocks() const override { return has_clocks_; }
  std::optional<std::uint64_t> read_clock(pid_t pid) override;
  Stat read_stat(pid_t pid) override;
  std::optional<proc::CpuTimes> read_cpu_times() override;

  std::uint64_t forks() const { return forks_; }

 private:
  struct Task {
    pid_t parent = 0;
    std::string name;
    std::uint64_t user = 0;
    std::uint64_t system = 0;
    std::uint64_t children_user = 0;
    std::uint64_t children_system = 0;
    std::uint64_t since_mark = 0;
    std::uint64_t children_since_mark = 0;
    std::uint64_t start_time_ticks = 0;
    bool is_visible = true;
    bool is_zombie = false;
    bool ignores_children = false;
    bool is_subreaper = false;
    bool is_readable = true;
    bool has_clock = true;
    std::int64_t clock_error = 0;
  };

  Task& at(pid_t pid) { return tasks_.at(pid); }
  const Task& at(pid_t pid) const { return tasks_.at(pid); }
  pid_t assign_pid();
  pid_t add(pid_t parent, const std::string& name, bool is_visible);
  pid_t adopter_for_children_of(pid_t pid) const;

  std::uint64_t pid_limit_;
  std::map<pid_t, Task> tasks_;
  std::set<off_t> offsets_{0};  // that were handed out
  pid_t last_pid_ = 0;
  std::uint64_t forks_ = 0;
  std::uint64_t uptime_ticks_ = 0;
  std::uint64_t busy_ = 0;
  std::uint64_t interrupts_ = 0;
  std::uint64_t lost_since_mark_ = 0;
  bool has_clocks_ = true;
};

inline constexpr std::uint64_t kTick = SimulatedKernel::kTick;
inline constexpr pid_t kInit = SimulatedKernel::kInit;

}  // namespace topnet::test
