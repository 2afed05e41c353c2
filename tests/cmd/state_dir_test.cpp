#include "cmd/state_dir.h"

#include <cstdlib>
#include <filesystem>

#include "support/catch.h"

using topnet::cmd::state_dir;

TEST_CASE("StateDir: the option precedes TOPNET_STATE_DIR, and an empty variable counts as unset",
          "[state_dir]") {
  const std::string normal = state_dir("");
  ::setenv("TOPNET_STATE_DIR", "/from/environment", 1);
  CHECK(state_dir("") == "/from/environment");
  CHECK(state_dir("/from/option") == "/from/option");
  ::setenv("TOPNET_STATE_DIR", "relative", 1);
  CHECK(state_dir("") == std::filesystem::current_path() / "relative");
  ::setenv("TOPNET_STATE_DIR", "", 1);
  CHECK(state_dir("") == normal);
  ::unsetenv("TOPNET_STATE_DIR");
}
