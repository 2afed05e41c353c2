// The options that every command with a ranking has in common: how many, by what, in which form,
// where to.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cmd/command_line.h"
#include "proc/report.h"
#include "proc/top.h"

namespace topnet::cmd {

struct RankingOptions {
  std::size_t count = 10;
  proc::SortKey key = proc::SortKey::Cpu;
  proc::Format format = proc::Format::Text;
  std::optional<std::chrono::milliseconds> delay;  // the window; nullopt: since each started
  std::string out = "-";                           // a file's path, or "-" for standard output
};

// The table of these options; each sets its member of `options`, which must outlive the table.
std::vector<Option> ranking_options(RankingOptions& options);

}  // namespace topnet::cmd
