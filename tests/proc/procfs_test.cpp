#include "proc/procfs.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/catch.h"
#include "support/proc_tree.h"

using topnet::proc::Procfs;
using topnet::test::ProcTree;

namespace {

// Whether the kernel's figures are trusted if `file` is mounted over /proc/`name`. nullopt if this
// process may not mount.
std::optional<bool> trusts_with_mount(const char* name, const std::filesystem::path& file,
                                      bool (*trusts)(Procfs&)) {
  constexpr int kNotMounted = 2;
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string target = std::string("/proc/") + name;
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 ||
        ::mount(file.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) != 0) {
      ::_exit(kNotMounted);
    }
    Procfs source("/proc");
    ::_exit(trusts(source) ? 1 : 0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == kNotMounted) return std::nullopt;
  return WEXITSTATUS(status) == 1;
}

}  // namespace

TEST_CASE("Procfs: the last pid is that of loadavg", "[procfs]") {
  ProcTree tree;
  CHECK_FALSE(Procfs(tree.root()).read_last_pid());
  tree.add_file("loadavg", "0.20 0.18 0.12 1/80 11206\n");
  CHECK(Procfs(tree.root()).read_last_pid() == 11206);
}

TEST_CASE("Procfs: the last pid of a kernel that writes 0 is not known", "[procfs]") {
  ProcTree tree;
  tree.add_file("loadavg", "0.00 0.00 0.00 0/0 0\n");
  CHECK_FALSE(Procfs(tree.root()).read_last_pid());
}

TEST_CASE("Procfs: a file that is mounted over loadavg or stat is no source of new pids",
          "[procfs]") {
  ProcTree tree;
  tree.add_file("loadavg", "0.20 0.18 0.12 1/80 11206\n")
      .add_file("stat", "cpu  1 2 3 4\ncpu0 1 2 3 4\nprocesses 77\n");
  REQUIRE(Procfs("/proc").read_last_pid());
  REQUIRE(Procfs("/proc").read_cpu_times()->forks);
  const auto by_loadavg = trusts_with_mount("loadavg", tree.root() / "loadavg", [](Procfs& source) {
    return source.read_last_pid().has_value();
  });
  const auto by_stat = trusts_with_mount("stat", tree.root() / "stat", [](Procfs& source) {
    const auto times = source.read_cpu_times();
    return !times || times->busy_ticks != 6 || times->forks.has_value();
  });
  if (!by_loadavg || !by_stat) return;
  CHECK_FALSE(*by_loadavg);
  CHECK_FALSE(*by_stat);
}
