#include "proc/self.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <system_error>

#include "proc/file.h"
#include "proc/number.h"
#include "proc/text.h"

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

OwnUsage read_own_usage() {
  using namespace std::chrono;
  OwnUsage usage;
  rusage used{};
  if (::getrusage(RUSAGE_SELF, &used) == 0) {
    usage.cpu = seconds(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                microseconds(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
  }
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) usage.most_open_files = files.rlim_cur;
  // Two numbers of pages begin it (proc(5)).
  std::array<char, 256> buffer{};
  if (auto text = read_small_file(AT_FDCWD, "/proc/self/statm", buffer)) {
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    usage.virtual_bytes = parse_number<std::uint64_t>(take_until(*text, " ")).value_or(0) * page;
    usage.resident_bytes = parse_number<std::uint64_t>(take_until(*text, " ")).value_or(0) * page;
  }
  return usage;
}

}  // namespace topnet::proc
