#include "base/files/state_directory.h"

#include <sys/stat.h>

#include <thread>
#include <vector>

#include "base/files/file_error.h"
#include "support/catch.h"
#include "support/temporary_folder.h"

using topnet::base::FileError;
using topnet::base::StateDirectory;
using topnet::test::read_file;
using topnet::test::TemporaryFolder;
using topnet::test::write_file;

namespace fs = std::filesystem;

namespace {

unsigned permissions_of(const fs::path& file) {
  return static_cast<unsigned>(fs::status(file).permissions());
}

}  // namespace

TEST_CASE("StateDirectory: missing folders and files are created for the owner only",
          "[state_directory]") {
  const TemporaryFolder root;
  const mode_t before = ::umask(0);
  const StateDirectory folder(root / "a/b/state");
  folder.write("clients", "x");
  ::umask(before);
  CHECK(permissions_of(root / "a") == 0700);
  CHECK(permissions_of(root / "a/b") == 0700);
  CHECK(permissions_of(root / "a/b/state") == 0700);
  CHECK(permissions_of(root / "a/b/state/clients") == 0600);
}

TEST_CASE("StateDirectory: the error for one that cannot be created names the options",
          "[state_directory]") {
  const TemporaryFolder root;
  fs::create_symlink("nowhere", root / "link");
  for (const fs::path& folder : {root / "link/state", fs::path("/proc/none/state")}) {
    CHECK_THROWS_WITH(StateDirectory(folder),
                      Catch::StartsWith("could not create ") &&
                          Catch::EndsWith("; choose another state directory "
                                          "with --state-dir or "
                                          "TOPNET_STATE_DIR"));
  }
}

TEST_CASE("StateDirectory: a file has the bytes that were written until it is removed",
          "[state_directory]") {
  const TemporaryFolder root;
  const StateDirectory folder(root / "state");
  CHECK_FALSE(folder.read("clients"));
  CHECK(folder.version("clients") == topnet::base::FileVersion{});
  folder.write("clients", "");
  CHECK(folder.read("clients") == "");
  const std::string bytes("a\0b\xff\n", 5);
  folder.write("clients", bytes);
  CHECK(folder.read("clients") == bytes);
  folder.remove("clients");
  CHECK_FALSE(folder.read("clients"));
  CHECK_NOTHROW(folder.remove("clients"));
  CHECK(fs::is_empty(root / "state"));
}

TEST_CASE(
    "StateDirectory: files and folders that other users can use are refused, with the chmod that "
    "corrects it",
    "[state_directory]") {
  const TemporaryFolder root;
  const StateDirectory folder(root / "state");
  folder.write("clients", "x");
  for (const unsigned mode : {0640U, 0604U, 0620U, 0602U, 0610U, 0601U, 0644U, 0666U}) {
    CAPTURE(mode);
    fs::permissions(root / "state/clients", fs::perms(mode));
    CHECK_THROWS_WITH(folder.read("clients"),
                      Catch::EndsWith("chmod 600 " + (root / "state/clients").string()));
  }
  fs::permissions(root / "state/clients", fs::perms(0600));
  CHECK(folder.read("clients") == "x");
  fs::rename(root / "state/clients", root / "state/identity.key");
  for (const unsigned mode : {0750U, 0705U, 0710U, 0701U, 0777U, 01777U}) {
    CAPTURE(mode);
    fs::permissions(root / "state", fs::perms(mode));
    CHECK_THROWS_WITH(StateDirectory(root / "state"),
                      Catch::EndsWith("chmod 700 " + (root / "state").string()));
  }
  fs::permissions(root / "state", fs::perms(0700));
}

TEST_CASE("StateDirectory: the chmod is suggested only for an empty directory or one with a key",
          "[state_directory]") {
  const TemporaryFolder root;
  fs::create_directory(root / "state");
  fs::permissions(root / "state", fs::perms(0755));
  CHECK_THROWS_WITH(StateDirectory(root / "state"), Catch::Contains("; run: chmod 700 "));
  write_file(root / "state/hosts", "");
  CHECK_THROWS_WITH(StateDirectory(root / "state"),
                    Catch::EndsWith("others can read it (mode 0755); choose a directory of its own "
                                    "with --state-dir"));
  for (const char* const folder : {"/", "/etc", "/tmp"}) {
    CHECK_THROWS_WITH(StateDirectory(folder),
                      Catch::EndsWith("; choose a directory of its own with --state-dir"));
  }
}

TEST_CASE("StateDirectory: neither reading nor writing follows symbolic links",
          "[state_directory]") {
  const TemporaryFolder root;
  const StateDirectory folder(root / "state");
  const StateDirectory other(root / "other");
  other.write("clients", "another's");
  fs::create_symlink(root / "other/clients", root / "state/clients");
  fs::create_symlink(root / "nothing", root / "state/servers");
  for (const char* const name : {"clients", "servers"}) {
    CHECK_THROWS_AS(folder.read(name), FileError);
    CHECK_THROWS_WITH(folder.write(name, "x"), Catch::Contains("symbolic link"));
  }
  CHECK(read_file(root / "other/clients") == "another's");
  CHECK_FALSE(fs::exists(root / "nothing"));
}

TEST_CASE("StateDirectory: other file types are refused without blocking", "[state_directory]") {
  const TemporaryFolder root;
  const StateDirectory folder(root / "state");
  REQUIRE(::mkfifo((root / "state/clients").c_str(), 0600) == 0);
  fs::create_directory(root / "state/servers");
  fs::permissions(root / "state/servers", fs::perms(0700));
  CHECK_THROWS_WITH(folder.read("clients"), Catch::EndsWith("it is not a regular file"));
  fs::create_symlink("clients", root / "state/invites");
  for (const char* const name : {"clients", "servers", "invites"}) {
    CHECK_THROWS_WITH(folder.write(name, "x"), Catch::EndsWith("; remove it"));
  }
  CHECK_THROWS_WITH(folder.read("servers"), Catch::EndsWith("Is a directory"));
  write_file(root / "file", "");
  CHECK_THROWS_AS(StateDirectory(root / "file"), FileError);
}

TEST_CASE("StateDirectory: reading and writing are limited to 1 MiB", "[state_directory]") {
  const TemporaryFolder root;
  const StateDirectory folder(root / "state");
  const std::string longest(1U << 20U, 'x');
  folder.write("clients", longest);
  CHECK(folder.read("clients") == longest);
  CHECK_THROWS_WITH(folder.write("clients", longest + "x"), Catch::EndsWith("File too large"));
  CHECK(folder.read("clients") == longest);
  write_file(root / "state/clients", longest + "x");
  CHECK_THROWS_WITH(folder.read("clients"), Catch::EndsWith("File too large"));
}

TEST_CASE("StateDirectory: creating, replacing or removing a file changes its version",
          "[state_directory]") {
  const TemporaryFolder root;
  const StateDirectory folder(root / "state");
  const auto none = folder.version("clients");
  folder.write("clients", "one");
  const auto first = folder.version("clients");
  CHECK(first != none);
  CHECK(folder.version("clients") == first);
  // With the same size, and possibly the same time.
  folder.write("clients", "two");
  CHECK(folder.version("clients") != first);
  folder.remove("clients");
  CHECK(folder.version("clients") == none);
}

TEST_CASE("StateDirectory: one thread at a time holds the lock", "[state_directory]") {
  const TemporaryFolder root;
  constexpr int kThreads = 8;
  constexpr int kTimes = 10;
  StateDirectory(root / "state").write("count", "0");
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        const StateDirectory folder(root / "state");
        for (int n = 0; n < kTimes; ++n) {
          const StateDirectory::Lock lock(folder);
          const int count = std::stoi(folder.read("count").value_or("-1000"));
          folder.write("count", std::to_string(count + 1));
        }
      });
    }
  }
  CHECK(read_file(root / "state/count") == std::to_string(kThreads * kTimes));
}

TEST_CASE("StateDirectory: waiting for the lock ends with an error that names the next step",
          "[state_directory]") {
  const TemporaryFolder root;
  const StateDirectory folder(root / "state");
  const StateDirectory::Lock held(folder);
  CHECK_THROWS_WITH(
      StateDirectory::Lock(folder, std::chrono::milliseconds(1)),
      Catch::StartsWith("could not lock " + (root / "state").string() + ": another process") &&
          Catch::Contains("`lslocks`"));
}
