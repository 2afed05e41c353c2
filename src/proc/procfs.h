// A proc file system, or a copy of one, as a source of processes.
//
// Opens [pid]/stat and nothing else of a process. Used by one thread at a time.
#pragma once

#include <filesystem>

#include "proc/source.h"
#include "proc/unique_fd.h"

namespace topnet::proc {

// Whether `root` is written as the kernel's own /proc is, and not a copy somewhere else.
bool is_proc(const std::filesystem::path& root);

class Procfs final : public Source {
 public:
  // Throws std::system_error where `root` cannot be opened.
  explicit Procfs(std::filesystem::path root);

  std::string name() const override;
  void read_pids(off_t from, const std::function<bool(pid_t, off_t)>& take) override;
  std::optional<pid_t> read_last_pid() override;
  std::uint64_t read_pid_limit() override;
  // Only in the /proc of our own PID namespace: elsewhere, the pids that system calls take are
  // others.
  bool has_clocks() const override { return has_clocks_; }
  std::optional<pid_t> own_pid() const override;
  std::optional<std::uint64_t> read_clock(pid_t pid) override;
  // One open and one read.
  Stat read_stat(pid_t pid) override;
  std::optional<CpuTimes> read_cpu_times() override;

 private:
  bool shows_our_namespace() const;
  [[noreturn]] void fail(int error) const;

  std::filesystem::path root_;
  UniqueFd directory_;
  bool has_clocks_;
};

}  // namespace topnet::proc
