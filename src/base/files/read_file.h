// Reads small files completely. All functions throw FileError.
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "base/unique_fd.h"

namespace topnet::base {

inline constexpr std::size_t kMaxFileSize = std::size_t{1} << 20U;

enum class Links : std::uint8_t { Refuse, Follow };

// Opens without blocking. Empty if the file does not exist.
UniqueFd open_for_reading(const std::filesystem::path& file, Links links);

struct stat status_of(const std::filesystem::path& file, const UniqueFd& descriptor);

// Reads until the end, 1 MiB at most. Waits until `deadline` for input from a pipe.
std::string read_all(
    const std::filesystem::path& file, const UniqueFd& descriptor,
    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::min());

// Changes whenever a file is replaced or written. All zero if there is no such file.
struct FileVersion {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;
  std::int64_t size = 0;

  friend bool operator==(const FileVersion&, const FileVersion&) = default;
};
FileVersion version_of(const std::filesystem::path& file, Links links);

}  // namespace topnet::base
