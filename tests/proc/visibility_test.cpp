#include "proc/visibility.h"

#include <filesystem>

#include "support/catch.h"
#include "support/proc_tree.h"

using topnet::proc::hidden_because;
using topnet::test::ProcTree;

TEST_CASE("of a copy of /proc it is known only what could not be read") {
  ProcTree tree;
  CHECK_FALSE(hidden_because(tree.root(), 0));
  CHECK(hidden_because(tree.root(), 3) == "3 processes cannot be read");
}

TEST_CASE("in the first PID namespace all can be seen, and what cannot be read is said") {
  if (std::filesystem::read_symlink("/proc/self/ns/pid") != "pid:[4026531836]") return;
  CHECK_FALSE(hidden_because("/proc", 0));
  CHECK(hidden_because("/proc", 3) == "3 processes cannot be read");
}
