#include "proc/self.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace topnet::proc {
namespace {

std::uint64_t count_entries(const char* folder) {
  std::error_code error;
  std::uint64_t entries = 0;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    ++entries;
  }
  return error ? 0 : entries;
}

}  // namespace

std::uint64_t count_open_files() {
  return std::max<std::uint64_t>(count_entries("/proc/self/fd"), 1) - 1;
}

std::uint64_t count_threads() { return count_entries("/proc/self/task"); }

}  // namespace topnet::proc
