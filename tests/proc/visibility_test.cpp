#include "proc/visibility.h"

#include <filesystem>

#include "support/catch.h"
#include "support/proc_tree.h"

using topnet::proc::visibility_limit;
using topnet::test::ProcTree;

TEST_CASE("Visibility: for a copy of /proc only unreadable processes count", "[visibility]") {
  ProcTree tree;
  CHECK_FALSE(visibility_limit(tree.root(), 0));
  CHECK(visibility_limit(tree.root(), 3) == "3 processes cannot be read");
}

TEST_CASE("Visibility: in the initial PID namespace only unreadable processes count",
          "[visibility]") {
  if (std::filesystem::read_symlink("/proc/self/ns/pid") != "pid:[4026531836]") return;
  CHECK_FALSE(visibility_limit("/proc", 0));
  CHECK(visibility_limit("/proc", 3) == "3 processes cannot be read");
}
