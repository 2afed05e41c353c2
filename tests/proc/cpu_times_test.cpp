#include "proc/cpu_times.h"

#include "proc/procfs.h"
#include "support/catch.h"
#include "support/proc_tree.h"

using topnet::proc::CpuTimes;
using topnet::proc::parse_cpu_times;
using topnet::proc::Procfs;
using topnet::test::ProcTree;

TEST_CASE("busy is user, nice, system and interrupts: neither idle, iowait, steal nor guests") {
  const auto times = parse_cpu_times(
      "cpu  812 7 300 90000 50 4 6 11 13 17\n"
      "cpu0 400 3 150 45000 25 2 3 5 6 8\n"
      "cpu11 412 4 150 45000 25 2 3 6 7 9\n"
      "intr 5 0 0\nctxt 9\nbtime 1\nprocesses 4321\nprocs_running 1\n");
  REQUIRE(times);
  CHECK(times->busy_ticks == 812 + 7 + 300 + 4 + 6);
  CHECK(times->interrupt_ticks == 4 + 6);
  CHECK(times->cpus == 2);
  CHECK(times->forks == 4321U);
}

TEST_CASE("what an old kernel or a fixture does not have counts as none") {
  const auto times = parse_cpu_times("cpu 5 6 7\n");
  REQUIRE(times);
  CHECK(times->busy_ticks == 18);
  CHECK(times->interrupt_ticks == 0);
  CHECK(times->cpus == 0);
  CHECK_FALSE(times->forks);
  CHECK(parse_cpu_times("cpu 1\n")->busy_ticks == 1);
}

TEST_CASE("a line of another name is no CPU's") {
  CHECK(parse_cpu_times("cpu 1\ncpufreq 1\ncpu 0\ncpux 1\ncpu-1 1\ncpu1 1\n")->cpus == 1);
  CHECK_FALSE(parse_cpu_times("cpufreq 1\n"));
  CHECK_FALSE(parse_cpu_times("cpu0 1 2 3\n"));
}

TEST_CASE("figures that are no numbers are no figures") {
  for (const char* const text : {"", "\n", "cpu\n", "cpu  \n", "cpu x\n", "cpu 1 -2\n",
                                 "cpu 1 2 18446744073709551616\n", "cpu 1 2x\n"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_cpu_times(text));
  }
  CHECK_FALSE(parse_cpu_times("cpu 1\nprocesses x\n")->forks);
}

TEST_CASE("a FIFO, a link or a huge file has no figures") {
  ProcTree fifo;
  CHECK_FALSE(Procfs(fifo.add_fifo("stat").root()).read_cpu_times());
  ProcTree link;
  CHECK_FALSE(Procfs(link.add_link("stat", "/dev/zero").root()).read_cpu_times());
  ProcTree huge;
  huge.add_file("stat", "cpu 1 2 3\n" + std::string(2U << 20U, 'x'));
  CHECK_FALSE(Procfs(huge.root()).read_cpu_times());
}
