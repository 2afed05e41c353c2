#include "base/files/atomic_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <future>
#include <thread>
#include <vector>

#include "support/catch.h"
#include "support/temporary_folder.h"

using topnet::base::AtomicFile;
using topnet::test::read_file;
using topnet::test::TemporaryFolder;
using namespace std::chrono_literals;

namespace fs = std::filesystem;

namespace {

constexpr const char* kTemporaryName = ".report.topnet-new";

// Sets the umask during its lifetime.
class Umask {
 public:
  explicit Umask(mode_t mask) : before_(::umask(mask)) {}
  ~Umask() { ::umask(before_); }

 private:
  mode_t before_;
};

void replace(const fs::path& file, std::string_view bytes) {
  AtomicFile target(file);
  target.write(bytes);
  target.commit();
}

// Empty on success.
std::string error_of_replacing(const fs::path& file) {
  try {
    replace(file, "new");
    return "";
  } catch (const std::exception& error) {
    return error.what();
  }
}

unsigned mode_of(const fs::path& file) {
  return static_cast<unsigned>(fs::status(file).permissions());
}

std::size_t entries_in(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), {}));
}

}  // namespace

TEST_CASE("AtomicFile: commit() makes the complete file appear", "[atomic_file]") {
  const TemporaryFolder folder;
  AtomicFile file(folder / "report");
  file.write("first ");
  file.write("second");
  CHECK(entries_in(folder.path()) == 0);
  file.commit();
  CHECK(read_file(folder / "report") == "first second");
  CHECK(entries_in(folder.path()) == 1);
}

TEST_CASE("AtomicFile: without a commit the old file stays and no other file is left",
          "[atomic_file]") {
  const TemporaryFolder folder;
  topnet::test::write_file(folder / "report", "old");
  {
    AtomicFile file(folder / "report");
    file.write("new");
  }
  CHECK(read_file(folder / "report") == "old");
  CHECK(entries_in(folder.path()) == 1);
}

TEST_CASE("AtomicFile: a new file gets its mode less the umask", "[atomic_file]") {
  const TemporaryFolder folder;
  const Umask mask(027);
  replace(folder / "report", "x");
  CHECK(mode_of(folder / "report") == 0640);
  AtomicFile secret(folder / "key", 0600);
  secret.commit();
  CHECK(mode_of(folder / "key") == 0600);
}

TEST_CASE("AtomicFile: an existing file keeps its mode", "[atomic_file]") {
  const TemporaryFolder folder;
  topnet::test::write_file(folder / "report", "old");
  for (const unsigned mode : {0600U, 0666U, 0751U}) {
    REQUIRE(::chmod((folder / "report").c_str(), mode) == 0);
    replace(folder / "report", "new");
    CHECK(mode_of(folder / "report") == mode);
  }
}

TEST_CASE("AtomicFile: an existing file keeps its owner if root writes it", "[atomic_file]") {
  if (::geteuid() != 0) return;
  const TemporaryFolder folder;
  topnet::test::write_file(folder / "report", "old");
  REQUIRE(::chown((folder / "report").c_str(), 1234, 2345) == 0);
  replace(folder / "report", "new");
  struct stat status {};
  REQUIRE(::stat((folder / "report").c_str(), &status) == 0);
  CHECK(status.st_uid == 1234);
  CHECK(status.st_gid == 2345);
}

TEST_CASE("AtomicFile: a symbolic link is refused and its target is unchanged", "[atomic_file]") {
  const TemporaryFolder folder;
  topnet::test::write_file(folder / "target", "old");
  fs::create_symlink(folder / "target", folder / "link");
  fs::create_symlink(folder / "nothing", folder / "dangling");
  fs::create_symlink(folder.path(), folder / "folder");
  CHECK_THROWS_WITH(AtomicFile(folder / "link"), Catch::Contains("symbolic link"));
  CHECK_THROWS_WITH(AtomicFile(folder / "dangling"), Catch::Contains("symbolic link"));
  CHECK_THROWS_WITH(AtomicFile(folder / "folder"), Catch::Contains("it is a directory"));
  CHECK(read_file(folder / "target") == "old");
}

TEST_CASE("AtomicFile: a symbolic link to a device is written to", "[atomic_file]") {
  const TemporaryFolder folder;
  fs::create_symlink("/dev/null", folder / "link");
  CHECK(error_of_replacing(folder / "link").empty());
  CHECK(fs::is_symlink(folder / "link"));
}

TEST_CASE("AtomicFile: if only regular files may be written, nothing else is opened",
          "[atomic_file]") {
  const TemporaryFolder folder;
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  fs::create_directory(folder / "folder");
  fs::create_symlink("/dev/null", folder / "to-device");
  fs::create_symlink("fifo", folder / "to-fifo");
  fs::create_symlink("nothing", folder / "dangling");
  const auto open = [&](const char* name) {
    const AtomicFile file(folder / name, 0600, topnet::base::Targets::RegularFiles);
  };
  for (const char* const name : {"to-device", "to-fifo", "dangling"}) {
    CHECK_THROWS_WITH(open(name), Catch::Contains("it is a symbolic link; remove it"));
  }
  for (const char* const name : {"fifo", "folder"}) {
    CHECK_THROWS_WITH(open(name), Catch::Contains("it is not a regular file; remove it"));
  }
}

TEST_CASE("AtomicFile: a FIFO whose reader has left is no error", "[atomic_file]") {
  const TemporaryFolder folder;
  const std::string path = folder / "fifo";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  topnet::base::UniqueFd reader(::open(path.c_str(), O_RDONLY | O_NONBLOCK));
  AtomicFile file(path);
  file.write("x");
  reader = topnet::base::UniqueFd();
  CHECK_NOTHROW(file.commit());
  std::signal(SIGPIPE, before);
}

TEST_CASE("AtomicFile: a directory is refused in all spellings", "[atomic_file]") {
  const TemporaryFolder folder;
  for (const std::string& name :
       {folder.path().string(), folder.path().string() + "/", folder.path().string() + "/."}) {
    CAPTURE(name);
    CHECK_THROWS_WITH(AtomicFile(name), Catch::Contains("it is a directory"));
  }
}

TEST_CASE("AtomicFile: a missing folder and an empty name are refused", "[atomic_file]") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(AtomicFile(folder / "none/report"), Catch::Contains("No such file"));
  CHECK_THROWS_WITH(AtomicFile(""), Catch::Contains("No such file"));
}

TEST_CASE("AtomicFile: a name without a folder is a file in the current folder", "[atomic_file]") {
  const TemporaryFolder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  replace("report", "x");
  fs::current_path(before);
  CHECK(read_file(folder / "report") == "x");
}

TEST_CASE("AtomicFile: commit() writes to a FIFO without replacing it", "[atomic_file]") {
  const TemporaryFolder folder;
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  const topnet::base::UniqueFd reader(::open((folder / "fifo").c_str(), O_RDONLY | O_NONBLOCK));
  std::array<char, 16> buffer{};
  {
    AtomicFile file(folder / "fifo");
    file.write("through");
    CHECK(::read(reader.raw(), buffer.data(), buffer.size()) == -1);
    CHECK(errno == EAGAIN);
    file.commit();
  }
  CHECK(::read(reader.raw(), buffer.data(), buffer.size()) == 7);
  CHECK(std::string_view(buffer.data(), 7) == "through");
  CHECK(fs::is_fifo(folder / "fifo"));
}

TEST_CASE("AtomicFile: the error for a full device names the device", "[atomic_file]") {
  AtomicFile file("/dev/full");
  file.write("x");
  CHECK_THROWS_WITH(file.commit(), "could not write /dev/full: No space left on device");
}

TEST_CASE("AtomicFile: only the file that a killed process left is removed", "[atomic_file]") {
  const TemporaryFolder folder;
  const std::vector<std::string> names = {".report.topnet-new", ".report.topnet-new2",
                                          ".report.topnet-0123456789abcdef", ".reports.topnet-new"};
  for (const std::string& name : names) topnet::test::write_file(folder / name, "left");
  REQUIRE(::chmod((folder / names.front()).c_str(), 0400) == 0);
  replace(folder / "report", "x");
  CHECK(read_file(folder / "report") == "x");
  CHECK_FALSE(fs::exists(folder / names.front()));
  CHECK(entries_in(folder.path()) == names.size());
}

TEST_CASE("AtomicFile: waits for a locked temporary file", "[atomic_file]") {
  const TemporaryFolder folder;
  const fs::path taken = folder / kTemporaryName;
  topnet::test::write_file(taken, "in work");
  topnet::base::UniqueFd writer(::open(taken.c_str(), O_RDONLY));
  REQUIRE(::flock(writer.raw(), LOCK_EX) == 0);
  const std::jthread other([&] {
    std::this_thread::sleep_for(100ms);
    std::error_code ignored;
    fs::rename(taken, folder / "other", ignored);
    writer.reset();
  });
  replace(folder / "report", "x");
  CHECK(read_file(folder / "report") == "x");
  CHECK(entries_in(folder.path()) == 2);
}

TEST_CASE("AtomicFile: a temporary name that stays taken is an error", "[atomic_file]") {
  const TemporaryFolder folder;
  topnet::test::write_file(folder / "victim", "precious");
  topnet::test::write_file(folder / ".locked.topnet-new", "in work");
  const topnet::base::UniqueFd writer(::open((folder / ".locked.topnet-new").c_str(), O_RDONLY));
  REQUIRE(::flock(writer.raw(), LOCK_EX) == 0);
  fs::create_symlink(folder / "victim", folder / ".link.topnet-new");
  REQUIRE(::mkfifo((folder / ".fifo.topnet-new").c_str(), 0600) == 0);
  fs::create_directory(folder / ".folder.topnet-new");
  std::vector<std::string> names = {"locked", "link", "fifo", "folder"};
  if (::geteuid() == 0) {
    topnet::test::write_file(folder / ".foreign.topnet-new", "left");
    REQUIRE(::chown((folder / ".foreign.topnet-new").c_str(), 1234, 2345) == 0);
    names.emplace_back("foreign");
  }
  std::vector<std::future<std::string>> errors;  // concurrent, because each waits for 5 s
  for (const std::string& name : names) {
    topnet::test::write_file(folder / name, "old");
    errors.push_back(std::async(std::launch::async, error_of_replacing, folder / name));
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    const fs::path taken = folder / ("." + names[i] + ".topnet-new");
    CHECK(errors[i].get() == "could not write " + (folder / names[i]).string() +
                                 ": another process is writing it; if there is none, remove " +
                                 taken.string());
    CHECK(read_file(folder / names[i]) == "old");
    CHECK(fs::exists(taken));
  }
  CHECK(read_file(folder / "victim") == "precious");
}

TEST_CASE("AtomicFile: a file that a killed root process left for another user is removed",
          "[atomic_file]") {
  if (::geteuid() != 0) return;
  const TemporaryFolder folder;
  for (const char* const name : {"report", kTemporaryName}) {
    topnet::test::write_file(folder / name, "old");
    REQUIRE(::chown((folder / name).c_str(), 1234, 2345) == 0);
  }
  replace(folder / "report", "new");
  CHECK(read_file(folder / "report") == "new");
  CHECK(entries_in(folder.path()) == 1);
}

TEST_CASE("AtomicFile: many concurrent writers of one file all succeed", "[atomic_file]") {
  const TemporaryFolder folder;
  std::vector<std::future<std::string>> errors;
  for (int i = 0; i < 20; ++i) {
    errors.push_back(std::async(std::launch::async, [&] {
      std::string messages;
      for (int n = 0; n < 20; ++n) messages += error_of_replacing(folder / "report");
      return messages;
    }));
  }
  for (std::future<std::string>& error : errors) CHECK(error.get().empty());
  CHECK(read_file(folder / "report") == "new");
  CHECK(entries_in(folder.path()) == 1);
}

TEST_CASE("AtomicFile: the longest possible name can be written", "[atomic_file]") {
  const TemporaryFolder folder;
  const std::string name(255, 'n');
  replace(folder / name, "old");
  replace(folder / name, "new");
  CHECK(read_file(folder / name) == "new");
  CHECK(entries_in(folder.path()) == 1);
}

TEST_CASE("AtomicFile: of two concurrent writers the last commit wins", "[atomic_file]") {
  const TemporaryFolder folder;
  AtomicFile first(folder / "report");
  AtomicFile second(folder / "report");
  first.write("first");
  second.write("second");
  second.commit();
  CHECK(read_file(folder / "report") == "second");
  first.commit();
  CHECK(read_file(folder / "report") == "first");
  CHECK(entries_in(folder.path()) == 1);
}

TEST_CASE("AtomicFile: control characters in a name are escaped in the error", "[atomic_file]") {
  CHECK_THROWS_WITH(AtomicFile("/nonexistent/\x1b[2J"), Catch::Contains("/nonexistent/\\x1b[2J"));
}
