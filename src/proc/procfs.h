// Reads processes from a proc file system, or from a copy of one.
//
// Opens no other file of a process than [pid]/stat. Used by one thread at a time.
#pragma once

#include <filesystem>

#include "base/unique_fd.h"
#include "proc/process_source.h"

namespace topnet::proc {

// Whether `root` is the path /proc.
bool is_proc(const std::filesystem::path& root);

// Whether the kernel provides the files under `root`; false for a copy.
bool is_proc_file_system(const std::filesystem::path& root);

class Procfs final : public ProcessSource {
 public:
  // Throws std::system_error if `root` cannot be opened.
  explicit Procfs(std::filesystem::path root);

  std::string name() const override;
  void read_pids(off_t from, const std::function<bool(pid_t, off_t)>& visit) override;
  // Known only from the kernel's own file. One that is mounted over it, as by lxcfs, may be
  // outdated.
  std::optional<pid_t> read_last_pid() override;
  std::uint64_t read_pid_limit() override;
  // True only for the /proc of this process's PID namespace: clock_gettime(2) takes the pids of
  // that namespace.
  bool has_clocks() const override { return has_clocks_; }
  std::optional<pid_t> own_pid() const override;
  std::optional<std::uint64_t> read_clock(pid_t pid) override;
  // One open and one read.
  Stat read_stat(pid_t pid) override;
  // Without `forks` if another file is mounted over the kernel's own.
  std::optional<CpuTimes> read_cpu_times() override;

 private:
  bool shows_own_namespace() const;
  // False if another file system is mounted at `path`.
  bool is_original(const char* path) const;
  [[noreturn]] void fail(int error) const;

  std::filesystem::path root_;
  base::UniqueFd directory_;
  bool has_clocks_;
};

}  // namespace topnet::proc
