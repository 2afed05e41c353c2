#include "base/files/instance_lock.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>

#include "support/catch.h"
#include "support/temporary_folder.h"

using namespace topnet::base;

TEST_CASE(
    "InstanceLock: the error names the holder, and the kernel releases the lock of a killed "
    "process",
    "[instance_lock]") {
  const topnet::test::TemporaryFolder root;
  const StateDirectory folder(root / "state");
  std::array<int, 2> pipe{};
  REQUIRE(::pipe(pipe.data()) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const InstanceLock lock(folder, "serve.lock");
    if (::write(pipe[1], "x", 1) == 1) ::pause();
    ::_exit(1);
  }
  char byte = 0;
  REQUIRE(::read(pipe[0], &byte, 1) == 1);
  CHECK_THROWS_WITH(InstanceLock(folder, "serve.lock"),
                    Catch::StartsWith("process " + std::to_string(child) + " already serves from"));
  REQUIRE(::kill(child, SIGKILL) == 0);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  const InstanceLock lock(folder, "serve.lock");
  ::close(pipe[0]);
  ::close(pipe[1]);
}
