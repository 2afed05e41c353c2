#include "proc/self.h"

#include <dirent.h>

#include <algorithm>
#include <memory>

namespace topnet::proc {
namespace {

// The library's directory_iterator ends a program that has no memory for it.
std::uint64_t count_entries(const char* folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(folder), &::closedir);
  if (!entries) return 0;
  std::uint64_t count = 0;
  while (const dirent* const entry = ::readdir(entries.get())) {
    if (entry->d_name[0] != '.') ++count;
  }
  return count;
}

}  // namespace

std::uint64_t count_open_files() {
  return std::max<std::uint64_t>(count_entries("/proc/self/fd"), 1) - 1;
}

std::uint64_t count_threads() { return count_entries("/proc/self/task"); }

}  // namespace topnet::proc
