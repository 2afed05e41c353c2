#include "proc/self_stats.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <system_error>

#include "base/parse_number.h"
#include "base/string_scan.h"
#include "proc/small_file.h"

namespace topnet::proc {
namespace {

std::uint64_t count_entries(const char* folder) {
  std::error_code ignored;
  const std::filesystem::directory_iterator entries(folder, ignored);
  return static_cast<std::uint64_t>(std::distance(begin(entries), end(entries)));
}

}  // namespace

std::uint64_t count_open_files() {
  return std::max<std::uint64_t>(count_entries("/proc/self/fd"), 1) - 1;
}

std::uint64_t count_threads() { return count_entries("/proc/self/task"); }

SelfStats read_self_stats() {
  using namespace std::chrono;
  SelfStats stats;
  rusage used{};
  if (::getrusage(RUSAGE_SELF, &used) == 0) {
    stats.cpu = seconds(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                microseconds(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
  }
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) stats.max_open_files = files.rlim_cur;
  // statm begins with two numbers of pages (proc(5)).
  std::array<char, 256> buffer{};
  if (auto text = read_small_file(AT_FDCWD, "/proc/self/statm", buffer)) {
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    stats.virtual_bytes =
        base::parse_number<std::uint64_t>(base::take_until(*text, " ")).value_or(0) * page;
    stats.resident_bytes =
        base::parse_number<std::uint64_t>(base::take_until(*text, " ")).value_or(0) * page;
  }
  return stats;
}

}  // namespace topnet::proc
