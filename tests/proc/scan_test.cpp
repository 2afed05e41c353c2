#include "proc/scan.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "proc/pid_list.h"
#include "proc/procfs.h"
#include "proc/scanner.h"
#include "support/catch.h"
#include "support/proc_tree.h"

using topnet::proc::Method;
using topnet::proc::PidList;
using topnet::proc::Process;
using topnet::proc::Procfs;
using topnet::proc::Scan;
using topnet::proc::Scanner;
using topnet::test::ProcTree;

namespace {

Scan scan(const std::filesystem::path& root) {
  Procfs source(root);
  PidList pids(source);
  return topnet::proc::scan(source, pids.update({}));
}

// What the program makes of a root, and so what it says where that is impossible.
topnet::proc::Usage usage_of(const std::filesystem::path& root) {
  return Scanner(std::make_unique<Procfs>(root), Method::Fastest).since_start({{}});
}

std::vector<pid_t> pids_in(const Scan& found) {
  std::vector<pid_t> pids;
  for (const Process& process : found.processes) pids.push_back(process.pid);
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

TEST_CASE("a scan reads every process and nothing else, in rising order of pids") {
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
  CHECK(found.vanished == std::vector<pid_t>{2});
  CHECK(found.unreadable == 0);
}

TEST_CASE("a stat file that makes no sense is counted, not believed") {
  ProcTree tree;
  tree.add({.pid = 1})
      .add_fifo("6/stat")
      .add_file("2/stat", "")
      .add_file("3/stat", "3 (half")
      .add_file("4/stat/x", "");
  const auto found = scan(tree.root());
  CHECK(pids_in(found) == std::vector<pid_t>{1});
  CHECK(found.unreadable == 4);
}

TEST_CASE("a stat file that speaks of another process than its folder is not believed") {
  ProcTree tree;
  const std::string first = topnet::test::stat_line({.pid = 1});
  tree.add({.pid = 1}).add_file("5/stat", first);
  const auto found = scan(tree.root());
  CHECK(pids_in(found) == std::vector<pid_t>{1});
  CHECK(found.unreadable == 1);
}

TEST_CASE("a folder whose name the kernel would not write is no process") {
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

TEST_CASE("a stat file that does not fit into one read is not believed in part") {
  ProcTree tree;
  const std::string name(1910, 'n');
  tree.add({.pid = 1});
  for (pid_t pid = 2; pid < 100; ++pid) {
    // Its start time ends at another offset for each, before, at and behind the end of the buffer.
    tree.add({.pid = pid,
              .comm = name + std::string(static_cast<std::size_t>(pid), 'n'),
              .start_time_ticks = 9876543210});
  }
  for (const Process& process : scan(tree.root()).processes) {
    CHECK((process.pid == 1 || process.start_time_ticks == 9876543210));
  }
}

TEST_CASE("a symbolic link in place of a stat file is not followed") {
  ProcTree tree;
  tree.add({.pid = 1}).add_link("2/stat", "/dev/zero");
  CHECK(scan(tree.root()).unreadable == 1);
}

TEST_CASE("processes none of which may be read are told from none") {
  ProcTree tree;
  tree.add_file("2/stat", "x");
  CHECK_THROWS_WITH(usage_of(tree.root()), Catch::Contains("found 1 processes") &&
                                               Catch::Contains("none of which can be read"));
}

TEST_CASE("a root that is missing, or has no process, is an error that names it") {
  const ProcTree empty;
  CHECK_THROWS_WITH(usage_of(empty.root()),
                    Catch::Contains(empty.root().string()) && Catch::Contains("no process"));
  CHECK_THROWS_WITH(usage_of(empty.root() / "none"), Catch::Contains("none: No such file"));
}

TEST_CASE("running out of descriptors is an error, not a short list") {
  ProcTree tree;
  tree.add({.pid = 1});
  {
    const FewDescriptors one(1);  // enough for the folder, none for a stat file
    CHECK_THROWS_WITH(usage_of(tree.root()), Catch::Contains("Too many open files"));
  }
  CHECK(usage_of(tree.root()).processes.size() == 1);
}

TEST_CASE("a scan of this machine finds this very process") {
  const auto found = scan("/proc");
  const auto own = std::find_if(found.processes.begin(), found.processes.end(),
                                [](const Process& process) { return process.pid == ::getpid(); });
  REQUIRE(own != found.processes.end());
  CHECK(own->state == 'R');
  CHECK(own->start_time_ticks > 0);
}
