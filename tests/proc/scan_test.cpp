#include "proc/scan.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "support/catch.h"
#include "support/proc_tree.h"

using topnet::proc::Process;
using topnet::proc::scan;
using topnet::test::ProcTree;

namespace {

std::vector<pid_t> pids_in(const topnet::proc::Scan& found) {
  std::vector<pid_t> pids;
  for (const Process& process : found.processes) pids.push_back(process.pid);
  std::sort(pids.begin(), pids.end());
  return pids;
}

// Takes all but `left` descriptors away for as long as it lives.
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

TEST_CASE("a scan reads every process and nothing else") {
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

TEST_CASE("a process that has vanished is left out") {
  ProcTree tree;
  tree.add({.pid = 1}).add_file("2/cmdline", "");
  const auto found = scan(tree.root());
  CHECK(pids_in(found) == std::vector<pid_t>{1});
  CHECK(found.unreadable == 0);
}

TEST_CASE("a stat file that makes no sense is counted, not believed") {
  ProcTree tree;
  tree.add({.pid = 1})
      .add_file("2/stat", "")
      .add_file("3/stat", "3 (half")
      .add_file("4/stat/x", "");
  const auto found = scan(tree.root());
  CHECK(pids_in(found) == std::vector<pid_t>{1});
  CHECK(found.unreadable == 3);
}

TEST_CASE("a root that is missing, or has no process, is an error that names it") {
  const ProcTree empty;
  CHECK_THROWS_WITH(scan(empty.root()),
                    Catch::Contains(empty.root().string()) && Catch::Contains("no process"));
  CHECK_THROWS_WITH(scan(empty.root() / "none"), Catch::Contains("none: No such file"));
}

TEST_CASE("running out of descriptors is an error, not a short list") {
  ProcTree tree;
  tree.add({.pid = 1});
  {
    const FewDescriptors one(1);  // enough for the folder, none for a stat file
    CHECK_THROWS_WITH(scan(tree.root()), Catch::Contains("Too many open files"));
  }
  CHECK(scan(tree.root()).processes.size() == 1);
}

TEST_CASE("a scan of this machine finds this very process") {
  const auto found = scan("/proc");
  const auto own = std::find_if(found.processes.begin(), found.processes.end(),
                                [](const Process& process) { return process.pid == ::getpid(); });
  REQUIRE(own != found.processes.end());
  CHECK(own->state == 'R');
  CHECK(own->start_time_ticks > 0);
}
