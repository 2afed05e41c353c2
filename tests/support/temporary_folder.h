// A temporary folder. The destructor removes it with its contents.
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

// The contents of a file; empty if it does not exist.
std::string read_file(const std::filesystem::path& file);

// Writes a file; creates missing folders.
void write_file(const std::filesystem::path& file, std::string_view contents);

}  // namespace topnet::test
