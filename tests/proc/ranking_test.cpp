#include "proc/ranking.h"

#include "support/catch.h"

using topnet::proc::Process;
using topnet::proc::rank;
using topnet::proc::SortKey;

namespace {

std::vector<pid_t> ranked(const std::vector<Process>& processes, std::size_t count, SortKey key) {
  std::vector<pid_t> pids;
  for (const Process& process : rank(processes, count, key)) pids.push_back(process.pid);
  return pids;
}

}  // namespace

TEST_CASE("Ranking: each key ranks by its own ticks, the most first", "[ranking]") {
  const std::vector<Process> processes{
      {.pid = 1, .user_ticks = 10, .system_ticks = 1},
      {.pid = 2, .user_ticks = 1, .system_ticks = 9},
      {.pid = 3, .user_ticks = 6, .system_ticks = 6},
  };
  CHECK(ranked(processes, 3, SortKey::Cpu) == std::vector<pid_t>{3, 1, 2});
  CHECK(ranked(processes, 3, SortKey::User) == std::vector<pid_t>{1, 3, 2});
  CHECK(ranked(processes, 3, SortKey::System) == std::vector<pid_t>{2, 3, 1});
}

TEST_CASE("Ranking: among equals the older process is first, then the smaller pid", "[ranking]") {
  const std::vector<Process> processes{
      {.pid = 9, .user_ticks = 5, .start_time_ticks = 30},
      {.pid = 8, .user_ticks = 5, .start_time_ticks = 20},
      {.pid = 4, .user_ticks = 5, .start_time_ticks = 30},
  };
  CHECK(ranked(processes, 3, SortKey::Cpu) == std::vector<pid_t>{8, 4, 9});
  CHECK(ranked(processes, 3, SortKey::System) == std::vector<pid_t>{8, 4, 9});
}

TEST_CASE("Ranking: returns at most `count` processes", "[ranking]") {
  const std::vector<Process> processes{{.pid = 1, .user_ticks = 1}, {.pid = 2, .user_ticks = 2}};
  CHECK(ranked(processes, 1, SortKey::Cpu) == std::vector<pid_t>{2});
  CHECK(ranked(processes, 100000, SortKey::Cpu) == std::vector<pid_t>{2, 1});
  CHECK(ranked({}, 10, SortKey::Cpu).empty());
}
