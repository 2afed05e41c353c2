// From a question to a report: scan, rank, describe. What `topnet scan` and every server's report
// are made with. Any thread may ask.
#pragma once

#include <cstddef>
#include <filesystem>

#include "proc/report.h"
#include "proc/top.h"

namespace topnet::proc {

struct RankingRequest {
  std::size_t count = 10;
  SortKey key = SortKey::Cpu;
  std::filesystem::path root = "/proc";
};

// A report of a scan that begins after the call. Throws what scan() throws.
Report rank(const RankingRequest& request);

}  // namespace topnet::proc
