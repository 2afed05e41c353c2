#include "net/private_folder.h"

#include <sys/stat.h>

#include <thread>
#include <vector>

#include "net/file_error.h"
#include "support/catch.h"
#include "support/temporary_folder.h"

using topnet::net::FileError;
using topnet::net::PrivateFolder;
using topnet::test::read_file;
using topnet::test::TemporaryFolder;
using topnet::test::write_file;

namespace fs = std::filesystem;

namespace {

unsigned mode_of(const fs::path& file) {
  return static_cast<unsigned>(fs::status(file).permissions());
}

}  // namespace

TEST_CASE("a private folder is made with those on the way to it, for the owner alone") {
  const TemporaryFolder root;
  const mode_t before = ::umask(0);
  const PrivateFolder folder(root / "a/b/state");
  folder.write("clients", "x");
  ::umask(before);
  CHECK(mode_of(root / "a") == 0700);
  CHECK(mode_of(root / "a/b") == 0700);
  CHECK(mode_of(root / "a/b/state") == 0700);
  CHECK(mode_of(root / "a/b/state/clients") == 0600);
}

TEST_CASE("a private file is read as it was written, and there is none before and behind") {
  const TemporaryFolder root;
  const PrivateFolder folder(root / "state");
  CHECK_FALSE(folder.read("clients"));
  CHECK(folder.version("clients") == PrivateFolder::Version{});
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

TEST_CASE("a folder or a file that others can reach is refused with the chmod that mends it") {
  const TemporaryFolder root;
  const PrivateFolder folder(root / "state");
  folder.write("clients", "x");
  for (const unsigned mode : {0640U, 0604U, 0620U, 0602U, 0610U, 0601U, 0644U, 0666U}) {
    CAPTURE(mode);
    fs::permissions(root / "state/clients", fs::perms(mode));
    CHECK_THROWS_WITH(folder.read("clients"),
                      Catch::EndsWith("chmod 600 " + (root / "state/clients").string()));
  }
  fs::permissions(root / "state/clients", fs::perms(0600));
  CHECK(folder.read("clients") == "x");
  for (const unsigned mode : {0750U, 0705U, 0710U, 0701U, 0777U, 01777U}) {
    CAPTURE(mode);
    fs::permissions(root / "state", fs::perms(mode));
    CHECK_THROWS_WITH(PrivateFolder(root / "state"),
                      Catch::EndsWith("chmod 700 " + (root / "state").string()));
  }
  fs::permissions(root / "state", fs::perms(0700));
}

TEST_CASE("a symbolic link is followed neither in reading nor in writing") {
  const TemporaryFolder root;
  const PrivateFolder folder(root / "state");
  const PrivateFolder other(root / "other");
  other.write("clients", "another's");
  fs::create_symlink(root / "other/clients", root / "state/clients");
  fs::create_symlink(root / "nothing", root / "state/servers");
  for (const char* const name : {"clients", "servers"}) {
    CHECK_THROWS_AS(folder.read(name), FileError);
    CHECK_THROWS_WITH(folder.write(name, "x"), Catch::Contains("symbolic link"));
  }
  CHECK(read_file(root / "other/clients") == "another's");
  CHECK_FALSE(fs::exists(root / "nothing"));
  CHECK(topnet::net::read_private_file(root / "state/clients", topnet::net::Links::Follow) ==
        "another's");
}

TEST_CASE("what is no file is refused, and not waited for") {
  const TemporaryFolder root;
  const PrivateFolder folder(root / "state");
  REQUIRE(::mkfifo((root / "state/clients").c_str(), 0600) == 0);
  fs::create_directory(root / "state/servers");
  fs::permissions(root / "state/servers", fs::perms(0700));
  CHECK_THROWS_WITH(folder.read("clients"), Catch::EndsWith("it is no regular file"));
  CHECK_THROWS_WITH(folder.read("servers"), Catch::EndsWith("Is a directory"));
  write_file(root / "file", "");
  CHECK_THROWS_AS(PrivateFolder(root / "file"), FileError);
}

TEST_CASE("a file of 1 MiB is the longest one, in writing as in reading") {
  const TemporaryFolder root;
  const PrivateFolder folder(root / "state");
  const std::string longest(1U << 20U, 'x');
  folder.write("clients", longest);
  CHECK(folder.read("clients") == longest);
  CHECK_THROWS_WITH(folder.write("clients", longest + "x"), Catch::EndsWith("File too large"));
  CHECK(folder.read("clients") == longest);
  write_file(root / "state/clients", longest + "x");
  CHECK_THROWS_WITH(folder.read("clients"), Catch::EndsWith("File too large"));
}

TEST_CASE("a file that was replaced, removed or made has another version") {
  const TemporaryFolder root;
  const PrivateFolder folder(root / "state");
  const auto none = folder.version("clients");
  folder.write("clients", "one");
  const auto first = folder.version("clients");
  CHECK(first != none);
  CHECK(folder.version("clients") == first);
  // As long as before, and in the same moment.
  folder.write("clients", "two");
  CHECK(folder.version("clients") != first);
  folder.remove("clients");
  CHECK(folder.version("clients") == none);
}

TEST_CASE("the lock is held by one at a time") {
  const TemporaryFolder root;
  constexpr int kThreads = 8;
  constexpr int kTimes = 10;
  PrivateFolder(root / "state").write("count", "0");
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        const PrivateFolder folder(root / "state");
        for (int n = 0; n < kTimes; ++n) {
          const PrivateFolder::Lock lock(folder);
          const int count = std::stoi(folder.read("count").value_or("-1000"));
          folder.write("count", std::to_string(count + 1));
        }
      });
    }
  }
  CHECK(read_file(root / "state/count") == std::to_string(kThreads * kTimes));
}
