#include "proc/ended.h"

#include "support/catch.h"

using topnet::proc::ended_children;
using topnet::proc::ended_inside;
using topnet::proc::EndedChildren;
using topnet::proc::Process;

namespace {

using Ended = std::vector<EndedChildren>;

Process parent(pid_t pid, pid_t its_parent, std::uint64_t growth) {
  return {.pid = pid, .name = "p", .parent = its_parent, .children_ticks = growth};
}

Process vanished(pid_t pid, pid_t its_parent, std::uint64_t ticks) {
  return {.pid = pid, .name = "v", .user_ticks = ticks, .parent = its_parent};
}

}  // namespace

TEST_CASE("parents are named with what their children used, the largest first") {
  CHECK(ended_children({{.pid = 1, .name = "init", .children_ticks = 5},
                        {.pid = 2, .name = "none"},
                        {.pid = 3, .name = "make", .children_ticks = 90},
                        {.pid = 4, .name = "cc", .children_ticks = 5}}) ==
        Ended{{3, "make", 90}, {1, "init", 5}, {4, "cc", 5}});
  CHECK(ended_children({}).empty());
}

TEST_CASE("what a vanished process had before is taken off the parent that waited for it") {
  CHECK(ended_inside({parent(1, 0, 30), parent(5, 1, 100)}, {vanished(9, 5, 60)}, {}) ==
        Ended{{5, "p", 40}, {1, "p", 30}});
}

TEST_CASE("with a parent that is there and has not waited, its time is lost and nobody's") {
  CHECK(ended_inside({parent(1, 0, 100), parent(5, 1, 59)}, {vanished(9, 5, 60)}, {}) ==
        Ended{{1, "p", 100}, {5, "p", 59}});
}

TEST_CASE("time of a parent that vanished too is in its own parent") {
  CHECK(ended_inside({parent(1, 0, 100), parent(5, 1, 200)},
                     {vanished(7, 5, 80), vanished(9, 7, 60)},
                     {}) == Ended{{1, "p", 100}, {5, "p", 60}});
}

TEST_CASE("what a vanished one had waited for itself is taken off with it") {
  Process child = vanished(9, 5, 60);
  child.children_ticks = 30;
  CHECK(ended_inside({parent(5, 1, 100)}, {child}, {}) == Ended{{5, "p", 10}});
}

TEST_CASE("an orphan's time is in whoever above has grown by it, the nearest first") {
  const Process orphan = vanished(9, 7, 60);
  const Process dead_parent = vanished(7, 6, 0);
  CHECK(ended_inside({parent(1, 0, 70), parent(5, 1, 0), parent(6, 5, 0)}, {dead_parent, orphan},
                     {}) == Ended{{1, "p", 10}});
  CHECK(ended_inside({parent(1, 0, 70), parent(5, 1, 65), parent(6, 5, 0)}, {dead_parent, orphan},
                     {}) == Ended{{1, "p", 70}, {5, "p", 5}});
  // In more than one of them, if it cannot be told better.
  CHECK(ended_inside({parent(1, 0, 50), parent(6, 1, 20)}, {dead_parent, orphan}, {}) ==
        Ended{{1, "p", 10}});
}

TEST_CASE("an orphan takes nothing that is another's for sure") {
  for (const bool orphan_first : {true, false}) {
    std::vector<Process> gone{vanished(7, 5, 50), vanished(9, 7, 40)};
    if (orphan_first) std::swap(gone[0], gone[1]);
    CHECK(ended_inside({parent(1, 0, 40), parent(5, 1, 50)}, gone, {}).empty());
  }
}

TEST_CASE(
    "a parent outside of a PID namespace is nobody, an unknown one may have left it to init") {
  CHECK(ended_inside({parent(1, 0, 70)}, {vanished(9, 0, 60)}, {}) == Ended{{1, "p", 70}});
  CHECK(ended_inside({parent(1, 0, 70)}, {vanished(9, 33, 60)}, {}) == Ended{{1, "p", 10}});
  CHECK(ended_inside({}, {vanished(9, 33, 60)}, {}).empty());
}

TEST_CASE("parents that are each other's, as reused pids can be, end somewhere") {
  CHECK(ended_inside({parent(1, 0, 70)}, {vanished(8, 9, 20), vanished(9, 8, 10)}, {}) ==
        Ended{{1, "p", 70}});
  CHECK(
      ended_inside({parent(4, 5, 0), parent(5, 4, 0)}, {vanished(8, 4, 0), vanished(9, 8, 10)}, {})
          .empty());
}

TEST_CASE("more than a window can hold is none of it, for each parent by itself") {
  CHECK(ended_inside({parent(1, 0, 100), parent(5, 1, 101)}, {}, 100) == Ended{{1, "p", 100}});
  CHECK(ended_inside({parent(5, 1, 160)}, {vanished(9, 5, 60)}, 100) == Ended{{5, "p", 100}});
}
