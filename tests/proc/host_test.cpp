#include "proc/host.h"

#include "support/catch.h"
#include "support/proc_tree.h"

using topnet::proc::Host;
using topnet::proc::read_host;
using topnet::test::ProcTree;

TEST_CASE("Host: name and boot id are read from their files", "[host]") {
  ProcTree tree;
  tree.add_file("sys/kernel/hostname", "web01\n")
      .add_file("sys/kernel/random/boot_id", "0c0f-77\n");
  CHECK(read_host(tree.root()) == Host{.name = "web01", .boot_id = "0c0f-77"});
}

TEST_CASE("Host: missing files give nullopt", "[host]") {
  const ProcTree tree;
  CHECK(read_host(tree.root()) == Host{});
}

TEST_CASE("Host: a FIFO, a symbolic link or a huge file gives nullopt", "[host]") {
  for (const char* const name : {"sys/kernel/hostname", "sys/kernel/random/boot_id"}) {
    ProcTree fifo;
    CHECK(read_host(fifo.add_fifo(name).root()) == Host{});
    ProcTree link;
    CHECK(read_host(link.add_link(name, "/dev/zero").root()) == Host{});
    ProcTree huge;
    huge.add_file(name, std::string(2U << 20U, 'x'));
    CHECK(read_host(huge.root()) == Host{});
  }
}

TEST_CASE("Host: the name is escaped", "[host]") {
  ProcTree tree;
  tree.add_file("sys/kernel/hostname", "a\x1b[2J\n");
  CHECK(read_host(tree.root()).name == "a\\x1b[2J");
}
