// A folder of a test's own, gone with everything in it when the test ends.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace topnet::test {

class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(TemporaryFolder&&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// The whole contents of a file; empty if there is none.
std::string read_file(const std::filesystem::path& file);

// Writes a file, and the folders on the way to it.
void write_file(const std::filesystem::path& file, std::string_view contents);

}  // namespace topnet::test
