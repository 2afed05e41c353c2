#include "base/files/user_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <future>

#include "base/files/file_error.h"
#include "base/unique_fd.h"
#include "support/catch.h"
#include "support/temporary_folder.h"

using topnet::base::FileError;
using topnet::base::Secrecy;
using topnet::base::UniqueFd;
using topnet::base::UserFile;
using topnet::test::TemporaryFolder;
using topnet::test::write_file;
using namespace std::chrono_literals;

namespace fs = std::filesystem;

namespace {

constexpr uid_t kNobody = 65534;
constexpr uid_t kOther = 12345;

// Whether `user`, with root's group, accepts a secret file. Requires root.
bool is_accepted(const fs::path& file, uid_t owner, mode_t mode, uid_t user = kNobody) {
  REQUIRE(::chown(file.c_str(), owner, 0) == 0);
  REQUIRE(::chmod(file.c_str(), mode) == 0);
  REQUIRE(::seteuid(user) == 0);
  bool result = false;
  try {
    result = UserFile(file, Secrecy::Secret).read() == "secret";
  } catch (const FileError&) {
    result = false;
  }
  REQUIRE(::seteuid(0) == 0);
  return result;
}

}  // namespace

TEST_CASE("UserFile: only the owner may use a secret file, but root's group may read root's",
          "[user_file]") {
  if (::geteuid() != 0) return;
  const TemporaryFolder folder;
  const fs::path file = folder / "key";
  write_file(file, "secret");
  fs::permissions(folder.path(), fs::perms(0755));
  for (const mode_t mode : {0600U, 0400U}) CHECK(is_accepted(file, kNobody, mode));
  for (const mode_t mode : {0640U, 0440U}) CHECK(is_accepted(file, 0, mode));
  for (const mode_t mode : {0640U, 0440U, 0620U, 0610U, 0604U, 0602U, 0601U, 0644U}) {
    CAPTURE(mode);
    CHECK_FALSE(is_accepted(file, kNobody, mode));
  }
  for (const mode_t mode : {0660U, 0650U, 0644U, 0642U, 0641U}) {
    CAPTURE(mode);
    CHECK_FALSE(is_accepted(file, 0, mode));
  }
  for (const uid_t user : {kNobody, uid_t{0}}) {
    CHECK_FALSE(is_accepted(file, kOther, 0600, user));
  }
  CHECK(is_accepted(file, 0, 0600, 0));
}

TEST_CASE("UserFile: the error for a file that others can use has the chmod command",
          "[user_file]") {
  const TemporaryFolder folder;
  const fs::path file = folder / "my key";
  write_file(file, "secret");
  fs::permissions(file, fs::perms(0644));
  CHECK_THROWS_WITH(
      UserFile(file, Secrecy::Secret).read(),
      Catch::Contains("mode 0644") && Catch::EndsWith("run: chmod 600 '" + file.string() + "'"));
  CHECK(UserFile(file, Secrecy::Public).read() == "secret");
}

TEST_CASE("UserFile: a pipe is read to its end, once", "[user_file]") {
  std::array<int, 2> raw{};
  REQUIRE(::pipe2(raw.data(), O_CLOEXEC) == 0);
  const UniqueFd reader(raw[0]);
  auto writer = std::async(std::launch::async, [end = UniqueFd(raw[1])] {
    return ::write(end.raw(), "sec", 3) + ::write(end.raw(), "ret", 3);
  });
  UserFile file("/dev/fd/" + std::to_string(reader.raw()), Secrecy::Secret);
  // The writer's end is closed with its task.
  CHECK(writer.get() == 6);
  writer = {};
  CHECK(file.read() == "secret");
  CHECK(file.read() == "secret");
}

TEST_CASE("UserFile: a FIFO is waited for, but not without end", "[user_file]") {
  const TemporaryFolder folder;
  const fs::path path = folder / "fifo";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  CHECK_THROWS_WITH(UserFile(path, Secrecy::Secret).read(1ms), Catch::Contains("timed out"));
  auto writer = std::async(std::launch::async, [&] {
    const UniqueFd end(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    return ::write(end.raw(), "secret", 6);
  });
  CHECK(UserFile(path, Secrecy::Secret).read() == "secret");
  CHECK(writer.get() == 6);
}

TEST_CASE("UserFile: a file that has become a FIFO is refused without waiting", "[user_file]") {
  const TemporaryFolder folder;
  const fs::path path = folder / "file";
  write_file(path, "text");
  UserFile file(path, Secrecy::Public);
  CHECK(file.read() == "text");
  fs::remove(path);
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  CHECK_THROWS_WITH(file.read(), Catch::Contains("it has become a pipe"));
  fs::remove(path);
  write_file(path, "new");
  CHECK(file.read() == "new");
}

TEST_CASE("UserFile: missing files, folders and devices are refused", "[user_file]") {
  const TemporaryFolder folder;
  for (const fs::path& path : {folder / "missing", folder.path(), fs::path("/dev/null")}) {
    CHECK_THROWS_AS(UserFile(path, Secrecy::Public).read(), FileError);
  }
}
