#include "proc/self_stats.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/parse_number.h"
#include "base/string_scan.h"
#include "proc/small_file.h"

namespace topnet::proc {
namespace {

std::optional<std::uint64_t> count_entries(const char* folder) {
  std::error_code error;
  std::uint64_t count = 0;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) ++count;
  return error ? std::nullopt : std::optional(count);
}

// A number of pages as bytes.
std::optional<std::uint64_t> parse_pages(std::string_view text) {
  auto pages = base::parse_number<std::uint64_t>(text);
  if (pages) *pages *= static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return pages;
}

}  // namespace

std::optional<std::uint64_t> count_open_files() {
  auto files = count_entries("/proc/self/fd");
  if (files && *files > 0) --*files;
  return files;
}

std::optional<std::uint64_t> count_threads() { return count_entries("/proc/self/task"); }

SelfStats read_self_stats() {
  using namespace std::chrono;
  SelfStats stats;
  rusage used{};
  if (::getrusage(RUSAGE_SELF, &used) == 0) {
    stats.cpu = std::chrono::seconds(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                microseconds(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
  }
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) stats.max_open_files = files.rlim_cur;
  // statm begins with two numbers of pages (proc(5)).
  std::array<char, 256> buffer{};
  if (auto text = read_small_file(AT_FDCWD, "/proc/self/statm", buffer)) {
    stats.virtual_bytes = parse_pages(base::take_until(*text, " "));
    stats.resident_bytes = parse_pages(base::take_until(*text, " "));
  }
  return stats;
}

}  // namespace topnet::proc
