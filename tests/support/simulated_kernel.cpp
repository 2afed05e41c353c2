#include "support/simulated_kernel.h"

#include <stdexcept>

namespace topnet::test {
namespace {

// Rises with the pid, as in Linux, but not evenly, so that code cannot compute it.
off_t offset_of(pid_t pid) { return off_t{7} * pid + pid % 5 + 1'000'003; }

}  // namespace

SimulatedKernel::SimulatedKernel(std::uint64_t pid_limit) : pid_limit_(pid_limit) {
  add(0, "init", true);
}

pid_t SimulatedKernel::fork(pid_t parent, const std::string& name) {
  return add(parent, name, true);
}

pid_t SimulatedKernel::fork_hidden(pid_t parent) { return add(parent, "hidden", false); }

void SimulatedKernel::show(pid_t pid) {
  at(pid).is_visible = true;
  ++forks_;
}

void SimulatedKernel::start_thread() {
  assign_pid();
  ++forks_;
}

void SimulatedKernel::run(pid_t pid, std::uint64_t user, std::uint64_t system) {
  Task& task = at(pid);
  if (task.is_zombie) throw std::logic_error("a zombie does not run");
  task.user += user;
  task.system += system;
  task.since_mark += user + system;
  busy_ += user + system;
}

void SimulatedKernel::interrupt(std::uint64_t time) {
  interrupts_ += time;
  busy_ += time;
}

void SimulatedKernel::exit(pid_t pid) {
  run(pid, 1);  // exit(2) itself takes time
  const pid_t adopter = adopter_for_children_of(pid);
  for (auto& [each, task] : tasks_) {
    if (task.parent == pid) task.parent = adopter;
  }
  Task& task = at(pid);
  task.is_zombie = true;
  if (!at(task.parent).ignores_children) return;
  lost_since_mark_ += task.since_mark + task.children_since_mark;
  tasks_.erase(pid);
}

void SimulatedKernel::wait_for(pid_t zombie) {
  const Task task = at(zombie);
  if (!task.is_zombie) throw std::logic_error("only a zombie can be waited for");
  run(task.parent, 1);  // wait(2) itself takes time
  at(task.parent).children_user += task.user + task.children_user;
  at(task.parent).children_system += task.system + task.children_system;
  at(task.parent).children_since_mark += task.since_mark + task.children_since_mark;
  tasks_.erase(zombie);
}

void SimulatedKernel::end(pid_t pid) {
  exit(pid);
  if (tasks_.contains(pid)) wait_for(pid);
}

void SimulatedKernel::mark() {
  for (auto& [pid, task] : tasks_) task.since_mark = task.children_since_mark = 0;
  lost_since_mark_ = 0;
}

std::vector<pid_t> SimulatedKernel::pids() const {
  std::vector<pid_t> pids;
  for (const auto& [pid, task] : tasks_) {
    if (task.is_visible) pids.push_back(pid);
  }
  return pids;
}

bool SimulatedKernel::exists(pid_t pid) const {
  const auto found = tasks_.find(pid);
  return found != tasks_.end() && found->second.is_visible;
}

void SimulatedKernel::read_pids(off_t from, const std::function<bool(pid_t, off_t)>& visit) {
  if (!offsets_.contains(from)) throw std::logic_error("an offset that was never handed out");
  off_t offset = from;
  for (const pid_t pid : pids()) {
    if (offset_of(pid) < from) continue;
    // As in Linux, the first entry has no own offset: `from` stands for it.
    if (offset > from) offset = offset_of(pid);
    ++reads.entries;
    offsets_.insert(offset);
    if (!visit(pid, offset)) return;
    offset = offset_of(pid) + 1;
  }
}

std::optional<std::uint64_t> SimulatedKernel::read_clock(pid_t pid) {
  reads.clocks.push_back(pid);
  before_clock(pid);
  if (!exists(pid) || !at(pid).has_clock) return std::nullopt;
  return used_by(pid) + static_cast<std::uint64_t>(at(pid).clock_error);
}

proc::ProcessSource::Stat SimulatedKernel::read_stat(pid_t pid) {
  reads.stats.push_back(pid);
  before_stat(pid);
  if (!exists(pid)) return {};
  const Task& task = at(pid);
  if (!task.is_readable) return {.process = {}, .is_unreadable = true};
  return {.process = proc::Process{
              .pid = pid,
              .name = task.name,
              .state = task.is_zombie ? 'Z' : 'S',
              .user_ticks = task.user / kTick,
              .system_ticks = task.system / kTick,
              .start_time_ticks = task.start_time_ticks,
              .parent = task.parent,
              .children_ticks = task.children_user / kTick + task.children_system / kTick}};
}

std::optional<proc::CpuTimes> SimulatedKernel::read_cpu_times() {
  before_cpu_times();
  if (!has_cpu_times) return std::nullopt;
  return proc::CpuTimes{.busy_ticks = busy_ / kTick,
                        .interrupt_ticks = interrupts_ / kTick,
                        .steal_ticks = steal_ticks,
                        .cpus = cpus,
                        .forks = forks_};
}

pid_t SimulatedKernel::assign_pid() {
  const auto limit = static_cast<pid_t>(pid_limit_);
  for (pid_t tried = 0; tried < limit; ++tried) {
    if (++last_pid_ >= limit) last_pid_ = kFirstReusedPid;
    if (!tasks_.contains(last_pid_)) return last_pid_;
  }
  throw std::logic_error("all pids are in use");
}

pid_t SimulatedKernel::add(pid_t parent, const std::string& name, bool is_visible) {
  const pid_t pid = assign_pid();
  if (is_visible) ++forks_;
  tasks_[pid] = {
      .parent = parent, .name = name, .start_time_ticks = uptime_ticks_, .is_visible = is_visible};
  return pid;
}

pid_t SimulatedKernel::adopter_for_children_of(pid_t pid) const {
  for (pid_t above = at(pid).parent; above > kInit; above = at(above).parent) {
    if (at(above).is_subreaper && !at(above).is_zombie) return above;
  }
  return kInit;
}

}  // namespace topnet::test
