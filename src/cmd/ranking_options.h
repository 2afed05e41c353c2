// The options of commands that print a ranking.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cmd/command_line.h"
#include "proc/ranking.h"
#include "proc/report/report.h"

namespace topnet::cmd {

struct RankingOptions {
  std::size_t count = 10;
  proc::SortKey key = proc::SortKey::Cpu;
  proc::Format format = proc::Format::Text;
  std::optional<std::chrono::milliseconds>
      delay;              // length of the window; nullopt: since each process started
  std::string out = "-";  // a path, or "-" for standard output
};

// The table of these options. Each sets its member of `options`, which must outlive the table.
std::vector<Option> ranking_options(RankingOptions& options);

}  // namespace topnet::cmd
