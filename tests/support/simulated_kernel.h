// A kernel in memory: its processes start, run, end and are waited for when a test says so, and it
// counts what it is asked.
//
// As the real one, it counts in nanoseconds and shows whole ticks, user and system time each cut
// for itself; gives pids out in rising order, threads' too; and moves the time of a process that
// was waited for into its parent. It is itself the truth that a test compares with.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "proc/source.h"

namespace topnet::test {

class SimulatedKernel : public proc::Source {
 public:
  static constexpr std::uint64_t kTick = 10'000'000;  // in nanoseconds, as is every time below
  static constexpr pid_t kInit = 1;
  static constexpr pid_t kFirstAgain = 20;  // where pids start over

  // There is init, with pid 1.
  explicit SimulatedKernel(std::uint64_t pid_limit = 32768);

  // What happens in it.
  pid_t fork(pid_t parent, const std::string& name = "child");
  pid_t fork_unseen(pid_t parent);  // its pid is given out, but it is not there before show()
  void show(pid_t pid);
  void start_thread();  // takes a pid, but is no process
  void run(pid_t pid, std::uint64_t user, std::uint64_t system = 0);
  void interrupt(std::uint64_t time);
  // It is a zombie from then on, or gone at once where its parent ignores SIGCHLD; its children go
  // to the nearest subreaper above it, or to init.
  void exit(pid_t pid);
  void wait_for(pid_t zombie);  // its parent does
  void end(pid_t pid);          // both of them
  void ignore_children(pid_t pid) { at(pid).ignores_children = true; }
  void become_subreaper(pid_t pid) { at(pid).is_subreaper = true; }
  void pass_ticks(std::uint64_t ticks) { uptime_ticks_ += ticks; }
  // The next one that is started gets the first free pid from here on.
  void continue_pids_from(pid_t pid) { last_pid_ = pid - 1; }

  // What goes wrong with it.
  void hide_clock(pid_t pid) { at(pid).has_clock = false; }
  void set_clock_back(pid_t pid, std::int64_t time) { at(pid).clock_error = -time; }
  void make_unreadable(pid_t pid) { at(pid).is_readable = false; }
  void take_clocks_away() { has_clocks_ = false; }
  // Called before each reading, with its pid: what a process does between two of them.
  std::function<void(pid_t)> before_stat = [](pid_t) {};
  std::function<void(pid_t)> before_clock = [](pid_t) {};
  // Called before the machine's figures are read.
  std::function<void()> before_cpu_times = [] {};

  // The truth.
  std::vector<pid_t> pids() const;  // of all that are there, in rising order
  bool is_there(pid_t pid) const;
  bool is_zombie(pid_t pid) const { return at(pid).is_zombie; }
  bool ignores_children(pid_t pid) const { return at(pid).ignores_children; }
  pid_t parent_of(pid_t pid) const { return at(pid).parent; }
  std::uint64_t used() const { return busy_ - interrupts_; }  // by all processes ever
  std::uint64_t used_by(pid_t pid) const { return at(pid).user + at(pid).system; }

  // Counts apart what is used from now on.
  void mark();
  std::uint64_t used_since_mark(pid_t pid) const { return at(pid).since_mark; }
  // By children that it has waited for since, and by those that they had waited for.
  std::uint64_t reaped_since_mark(pid_t pid) const { return at(pid).children_since_mark; }
  // By those that nobody waited for, since their parents ignored SIGCHLD.
  std::uint64_t lost_since_mark() const { return lost_since_mark_; }

  // What it was asked.
  struct Asked {
    std::vector<pid_t> stats;
    std::vector<pid_t> clocks;
    std::size_t entries = 0;  // of the folder
  };
  Asked asked;

  // proc::Source
  std::string name() const override { return "a simulated kernel"; }
  void read_pids(off_t from, const std::function<bool(pid_t, off_t)>& take) override;
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
    bool is_there = true;
    bool is_zombie = false;
    bool ignores_children = false;
    bool is_subreaper = false;
    bool is_readable = true;
    bool has_clock = true;
    std::int64_t clock_error = 0;
  };

  Task& at(pid_t pid) { return tasks_.at(pid); }
  const Task& at(pid_t pid) const { return tasks_.at(pid); }
  pid_t give_out_pid();
  pid_t add(pid_t parent, const std::string& name, bool is_there);
  pid_t adopter_for_children_of(pid_t pid) const;

  std::uint64_t pid_limit_;
  std::map<pid_t, Task> tasks_;
  std::set<off_t> positions_{0};  // those that were given away
  pid_t last_pid_ = 0;
  std::uint64_t forks_ = 0;
  std::uint64_t uptime_ticks_ = 0;
  std::uint64_t busy_ = 0;
  std::uint64_t interrupts_ = 0;
  std::uint64_t lost_since_mark_ = 0;
  bool has_clocks_ = true;
};

}  // namespace topnet::test
