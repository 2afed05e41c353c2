#include "proc/cpu_times.h"

#include "support/catch.h"

using topnet::proc::CpuTimes;
using topnet::proc::parse_cpu_times;

TEST_CASE("CpuTimes: busy excludes idle, iowait, steal and guest time", "[cpu_times]") {
  const auto times = parse_cpu_times(
      "cpu  812 7 300 90000 50 4 6 11 13 17\n"
      "cpu0 400 3 150 45000 25 2 3 5 6 8\n"
      "cpu11 412 4 150 45000 25 2 3 6 7 9\n"
      "intr 5 0 0\nctxt 9\nbtime 1\nprocesses 4321\nprocs_running 1\n");
  REQUIRE(times);
  CHECK(times->busy_ticks == 812 + 7 + 300 + 4 + 6);
  CHECK(times->interrupt_ticks == 4 + 6);
  CHECK(times->steal_ticks == 11U);
  CHECK(times->cpus == 2U);
  CHECK(times->forks == 4321U);
}

TEST_CASE("CpuTimes: missing figures are unknown, or another figure has their time",
          "[cpu_times]") {
  const auto times = parse_cpu_times("cpu 5 6 7\n");
  REQUIRE(times);
  CHECK(times->busy_ticks == 18);
  CHECK(times->interrupt_ticks == 0);
  CHECK_FALSE(times->steal_ticks);
  CHECK_FALSE(times->cpus);
  CHECK_FALSE(times->forks);
  CHECK(parse_cpu_times("cpu 1\n")->busy_ticks == 1);
}

TEST_CASE("CpuTimes: only lines cpuN count as CPUs", "[cpu_times]") {
  CHECK(parse_cpu_times("cpu 1\ncpufreq 1\ncpu 0\ncpux 1\ncpu-1 1\ncpu1 1\n")->cpus == 1U);
  CHECK_FALSE(parse_cpu_times("cpufreq 1\n"));
  CHECK_FALSE(parse_cpu_times("cpu0 1 2 3\n"));
}

TEST_CASE("CpuTimes: invalid numbers are refused", "[cpu_times]") {
  for (const char* const text : {"", "\n", "cpu\n", "cpu  \n", "cpu x\n", "cpu 1 -2\n",
                                 "cpu 1 2 18446744073709551616\n", "cpu 1 2x\n"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_cpu_times(text));
  }
  CHECK_FALSE(parse_cpu_times("cpu 1\nprocesses x\n")->forks);
}
