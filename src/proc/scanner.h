// Scans one source repeatedly, and keeps state that makes the next scan cheaper. Used by one thread
// at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "proc/cpu_usage.h"
#include "proc/pid_list.h"
#include "proc/process_source.h"
#include "proc/window.h"

namespace topnet::proc {

enum class ScanMode : std::uint8_t {
  Clocks,    // reads few stats, if CPU clocks can be read and agree with stat
  AllStats,  // reads every stat
};

class Scanner {
 public:
  Scanner(std::unique_ptr<ProcessSource> source, ScanMode mode);

  // The use of processes since they started; contains the result of each query. Throws the source's
  // exceptions, and std::runtime_error if no process can be read.
  CpuUsage since_start(const std::vector<RankingQuery>& queries);

  // Open and close a window. Any number of windows may be open. Throw as above.
  Baseline open();
  CpuUsage close(const Baseline& baseline);
  // Closes a window and opens the next one at the same moment.
  CpuUsage roll(Baseline& baseline);

 private:
  bool may_use_clocks() const;
  Clocks clocks() const { return may_use_clocks() && clocks_agree_ ? Clocks::Use : Clocks::Ignore; }

  std::unique_ptr<ProcessSource> source_;
  ScanMode mode_;
  PidList pids_;
  // Whether clocks and stats agreed in the last scan since start. If they did not, that scan read
  // every stat, and so do windows until the next such scan.
  bool clocks_agree_ = true;
};

}  // namespace topnet::proc
