#include "net/server_lock.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>

#include "support/catch.h"
#include "support/temporary_folder.h"

using namespace topnet::net;

TEST_CASE("a lock is held by one process, which the second one names, and ends with it") {
  const topnet::test::TemporaryFolder root;
  const PrivateFolder folder(root / "state");
  std::array<int, 2> pipe{};
  REQUIRE(::pipe(pipe.data()) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const ServerLock lock(folder, "serve.lock");
    if (::write(pipe[1], "x", 1) == 1) ::pause();
    ::_exit(1);
  }
  char byte = 0;
  REQUIRE(::read(pipe[0], &byte, 1) == 1);
  CHECK_THROWS_WITH(ServerLock(folder, "serve.lock"),
                    Catch::StartsWith("process " + std::to_string(child) + " serves with"));
  REQUIRE(::kill(child, SIGKILL) == 0);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  const ServerLock lock(folder, "serve.lock");
  ::close(pipe[0]);
  ::close(pipe[1]);
}
