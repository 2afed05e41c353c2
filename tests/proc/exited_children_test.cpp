#include "proc/exited_children.h"

#include "support/catch.h"

using topnet::proc::exited_children;
using topnet::proc::exited_inside;
using topnet::proc::ExitedChildren;
using topnet::proc::Process;

namespace {

using Exited = std::vector<ExitedChildren>;

Process parent(pid_t pid, pid_t grandparent, std::uint64_t growth) {
  return {.pid = pid, .name = "p", .parent = grandparent, .children_ticks = growth};
}

Process vanished(pid_t pid, pid_t parent_pid, std::uint64_t ticks) {
  return {.pid = pid, .name = "v", .user_ticks = ticks, .parent = parent_pid};
}

}  // namespace

TEST_CASE("ExitedChildren: parents are sorted by the time of their children", "[exited_children]") {
  CHECK(exited_children({{.pid = 1, .name = "init", .children_ticks = 5},
                         {.pid = 2, .name = "none"},
                         {.pid = 3, .name = "make", .children_ticks = 90},
                         {.pid = 4, .name = "cc", .children_ticks = 5}}) ==
        Exited{{3, "make", 90}, {1, "init", 5}, {4, "cc", 5}});
  CHECK(exited_children({}).empty());
}

TEST_CASE("ExitedChildren: earlier time of a vanished process is subtracted from its parent",
          "[exited_children]") {
  CHECK(exited_inside({parent(1, 0, 30), parent(5, 1, 100)}, {vanished(9, 5, 60)}, {}) ==
        Exited{{5, "p", 40}, {1, "p", 30}});
}

TEST_CASE("ExitedChildren: if a live parent has not waited, no process gets the time",
          "[exited_children]") {
  CHECK(exited_inside({parent(1, 0, 100), parent(5, 1, 59)}, {vanished(9, 5, 60)}, {}) ==
        Exited{{1, "p", 100}, {5, "p", 59}});
}

TEST_CASE("ExitedChildren: time of a vanished parent is in the parent's parent",
          "[exited_children]") {
  CHECK(exited_inside({parent(1, 0, 100), parent(5, 1, 200)},
                      {vanished(7, 5, 80), vanished(9, 7, 60)},
                      {}) == Exited{{1, "p", 100}, {5, "p", 60}});
}

TEST_CASE("ExitedChildren: children of a vanished process are subtracted with it",
          "[exited_children]") {
  Process child = vanished(9, 5, 60);
  child.children_ticks = 30;
  CHECK(exited_inside({parent(5, 1, 100)}, {child}, {}) == Exited{{5, "p", 10}});
}

TEST_CASE(
    "ExitedChildren: an orphan's time is subtracted from the nearest ancestors that have grown",
    "[exited_children]") {
  const Process orphan = vanished(9, 7, 60);
  const Process dead_parent = vanished(7, 6, 0);
  CHECK(exited_inside({parent(1, 0, 70), parent(5, 1, 0), parent(6, 5, 0)}, {dead_parent, orphan},
                      {}) == Exited{{1, "p", 10}});
  CHECK(exited_inside({parent(1, 0, 70), parent(5, 1, 65), parent(6, 5, 0)}, {dead_parent, orphan},
                      {}) == Exited{{1, "p", 70}, {5, "p", 5}});
  // From several ancestors, if one has not grown enough.
  CHECK(exited_inside({parent(1, 0, 50), parent(6, 1, 20)}, {dead_parent, orphan}, {}) ==
        Exited{{1, "p", 10}});
}

TEST_CASE(
    "ExitedChildren: an orphan's time is subtracted after that of processes with live parents",
    "[exited_children]") {
  for (const bool orphan_first : {true, false}) {
    std::vector<Process> exited{vanished(7, 5, 50), vanished(9, 7, 40)};
    if (orphan_first) std::swap(exited[0], exited[1]);
    CHECK(exited_inside({parent(1, 0, 40), parent(5, 1, 50)}, exited, {}).empty());
  }
}

TEST_CASE(
    "ExitedChildren: a parent outside the PID namespace is ignored, and an unknown parent means "
    "init",
    "[exited_children]") {
  CHECK(exited_inside({parent(1, 0, 70)}, {vanished(9, 0, 60)}, {}) == Exited{{1, "p", 70}});
  CHECK(exited_inside({parent(1, 0, 70)}, {vanished(9, 33, 60)}, {}) == Exited{{1, "p", 10}});
  CHECK(exited_inside({}, {vanished(9, 33, 60)}, {}).empty());
}

TEST_CASE("ExitedChildren: cycles of parents, as with reused pids, end", "[exited_children]") {
  CHECK(exited_inside({parent(1, 0, 70)}, {vanished(8, 9, 20), vanished(9, 8, 10)}, {}) ==
        Exited{{1, "p", 70}});
  CHECK(
      exited_inside({parent(4, 5, 0), parent(5, 4, 0)}, {vanished(8, 4, 0), vanished(9, 8, 10)}, {})
          .empty());
}

TEST_CASE("ExitedChildren: growth that is impossible in the window is ignored for each parent",
          "[exited_children]") {
  CHECK(exited_inside({parent(1, 0, 100), parent(5, 1, 101)}, {}, 100) == Exited{{1, "p", 100}});
  CHECK(exited_inside({parent(5, 1, 160)}, {vanished(9, 5, 60)}, 100) == Exited{{5, "p", 100}});
}
