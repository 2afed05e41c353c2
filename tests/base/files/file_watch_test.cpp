#include "base/files/file_watch.h"

#include "support/catch.h"
#include "support/temporary_folder.h"

using topnet::base::FileWatch;
using topnet::test::TemporaryFolder;
using topnet::test::write_file;

namespace fs = std::filesystem;

TEST_CASE("FileWatch: a change is reported once, after the files have stopped changing",
          "[file_watch]") {
  const TemporaryFolder folder;
  write_file(folder / "a", "1");
  FileWatch watch({folder / "a", folder / "b", ""});
  CHECK_FALSE(watch.has_changed());
  write_file(folder / "a", "22");
  CHECK_FALSE(watch.has_changed());
  write_file(folder / "b", "1");
  CHECK_FALSE(watch.has_changed());
  CHECK(watch.has_changed());
  CHECK_FALSE(watch.has_changed());
  fs::remove(folder / "a");
  CHECK_FALSE(watch.has_changed());
  CHECK(watch.has_changed());
  CHECK_FALSE(watch.has_changed());
}

TEST_CASE("FileWatch: the switch of a symbolic link to another folder is a change",
          "[file_watch]") {
  const TemporaryFolder folder;
  write_file(folder / "..1/key", "1");
  write_file(folder / "..2/key", "2");
  fs::create_symlink("..1", folder / "..data");
  fs::create_symlink("..data/key", folder / "key");
  FileWatch watch({folder / "key"});
  fs::create_symlink("..2", folder / "..data_tmp");
  fs::rename(folder / "..data_tmp", folder / "..data");
  CHECK_FALSE(watch.has_changed());
  CHECK(watch.has_changed());
}
