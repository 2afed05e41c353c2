#include "proc/full_scan.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "proc/pid_list.h"
#include "proc/procfs.h"
#include "proc/scanner.h"
#include "support/catch.h"
#include "support/proc_tree.h"

using topnet::proc::FullScan;
using topnet::proc::PidList;
using topnet::proc::Process;
using topnet::proc::Procfs;
using topnet::proc::ScanMode;
using topnet::proc::Scanner;
using topnet::test::ProcTree;

namespace {

FullScan scan(const std::filesystem::path& root) {
  Procfs source(root);
  PidList pids(source);
  return topnet::proc::scan(source, pids.update({}));
}

topnet::proc::CpuUsage full_usage_of(const std::filesystem::path& root) {
  return Scanner(std::make_unique<Procfs>(root), ScanMode::Clocks).since_start({{}});
}

std::vector<pid_t> pids_in(const FullScan& found) {
  std::vector<pid_t> pids;
  for (const Process& process : found.processes) pids.push_back(process.pid);
  return pids;
}

// Limits the process to `left` more descriptors during its lifetime.
class FewDescriptors {
 public:
  explicit FewDescriptors(rlim_t left) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::dup(STDERR_FILENO);
    ::close(next);
    rlimit fewer = before_;
    fewer.rlim_cur = static_cast<rlim_t>(next) + left;
    ::setrlimit(RLIMIT_NOFILE, &fewer);
  }
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("FullScan: all processes are read, in rising order of pids", "[full_scan]") {
  ProcTree tree;
  tree.add({.pid = 1, .comm = "init"})
      .add({.pid = 23, .comm = "b"})
      .add({.pid = 4194304, .comm = "c"})
      .add_file("self/stat", "1 (init) S 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1")
      .add_file("12x/stat", "12 (x) S 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1")
      .add_file("uptime", "1 1");
  const auto found = scan(tree.root());
  CHECK(pids_in(found) == std::vector<pid_t>{1, 23, 4194304});
  CHECK(found.unreadable == 0);
}

TEST_CASE("FullScan: vanished processes are reported apart", "[full_scan]") {
  ProcTree tree;
  tree.add({.pid = 1}).add_file("2/cmdline", "");
  const auto found = scan(tree.root());
  CHECK(pids_in(found) == std::vector<pid_t>{1});
  CHECK(found.vanished == std::vector<pid_t>{2});
  CHECK(found.unreadable == 0);
}

TEST_CASE("FullScan: invalid stat files are counted as unreadable", "[full_scan]") {
  ProcTree tree;
  tree.add({.pid = 1})
      .add_fifo("6/stat")
      .add_file("2/stat", "")
      .add_file("3/stat", "3 (half")
      .add_file("4/stat/x", "")
      .add_file("5/stat", topnet::test::stat_line({.pid = 1}))
      .add_link("7/stat", "/dev/zero");
  const auto found = scan(tree.root());
  CHECK(pids_in(found) == std::vector<pid_t>{1});
  CHECK(found.unreadable == 6);
}

TEST_CASE("FullScan: folders with names that the kernel does not write are ignored",
          "[full_scan]") {
  ProcTree tree;
  const std::string first = topnet::test::stat_line({.pid = 1});
  tree.add({.pid = 1});
  for (const char* const name : {"01", "+1", "-1", "1 ", "0", "2147483648", "1/task"}) {
    tree.add_file(std::string(name) + "/stat", first);
  }
  const auto found = scan(tree.root());
  CHECK(pids_in(found) == std::vector<pid_t>{1});
  CHECK(found.vanished.empty());
  CHECK(found.unreadable == 0);
}

TEST_CASE("FullScan: a stat file that is too long for one read is refused", "[full_scan]") {
  ProcTree tree;
  const std::string name(1910, 'n');
  tree.add({.pid = 1});
  for (pid_t pid = 2; pid < 100; ++pid) {
    // The start times end at different offsets: before, at and after the end of the buffer.
    tree.add({.pid = pid,
              .comm = name + std::string(static_cast<std::size_t>(pid), 'n'),
              .start_time_ticks = 9876543210});
  }
  for (const Process& process : scan(tree.root()).processes) {
    CHECK((process.pid == 1 || process.start_time_ticks == 9876543210));
  }
}

TEST_CASE("FullScan: a root without readable processes is an error that names it", "[full_scan]") {
  ProcTree unreadable;
  unreadable.add_file("2/stat", "x");
  CHECK_THROWS_WITH(
      full_usage_of(unreadable.root()),
      Catch::Contains("found 1 processes") && Catch::Contains("none of which can be read"));
  const ProcTree empty;
  CHECK_THROWS_WITH(full_usage_of(empty.root()),
                    Catch::Contains(empty.root().string()) && Catch::Contains("no process"));
  CHECK_THROWS_WITH(full_usage_of(empty.root() / "none"), Catch::Contains("none: No such file"));
}

TEST_CASE("FullScan: running out of descriptors is an error", "[full_scan]") {
  ProcTree tree;
  tree.add({.pid = 1});
  {
    const FewDescriptors one(1);  // enough for the folder, none for a stat file
    CHECK_THROWS_WITH(full_usage_of(tree.root()), Catch::Contains("Too many open files"));
  }
  CHECK(full_usage_of(tree.root()).processes.size() == 1);
}

TEST_CASE("FullScan: a scan of this machine finds the running test", "[full_scan]") {
  const auto found = scan("/proc");
  const auto own = std::find_if(found.processes.begin(), found.processes.end(),
                                [](const Process& process) { return process.pid == ::getpid(); });
  REQUIRE(own != found.processes.end());
  CHECK(own->state == 'R');
  CHECK(own->start_time_ticks > 0);
}
