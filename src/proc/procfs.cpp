#include "proc/procfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <ctime>
#include <limits>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/escape.h"
#include "base/parse_number.h"
#include "proc/small_file.h"
#include "proc/stat.h"

namespace topnet::proc {
namespace {

constexpr unsigned kSchedulerClock = 2;
constexpr std::size_t kMaxCpuStatSize = std::size_t{1} << 20U;  // enough for thousands of CPUs

struct alignas(dirent64) EntryBuffer {
  std::array<char, std::size_t{32} * 1024> bytes;
};

// nullopt if `name` is not a pid. The kernel writes no leading zeros.
std::optional<pid_t> parse_pid(std::string_view name) {
  if (name.front() < '1' || name.front() > '9') return std::nullopt;
  return base::parse_number<pid_t>(name);
}

// The id of the scheduler's clock for all threads of a process (include/linux/posix-timers.h). Like
// clock_getcpuclockid(3), but without a system call that checks the process.
clockid_t cpu_clock_of(pid_t pid) {
  return static_cast<clockid_t>((~static_cast<unsigned>(pid) << 3U) | kSchedulerClock);
}

// The last number of a file of one line.
template <typename Number>
std::optional<Number> read_last_number(int directory, const char* path) {
  std::array<char, 256> buffer;
  auto text = read_small_file(directory, path, buffer);
  if (!text || !text->ends_with('\n')) return std::nullopt;
  text->remove_suffix(1);
  return base::parse_number<Number>(text->substr(text->rfind(' ') + 1));
}

}  // namespace

bool is_proc(const std::filesystem::path& root) {
  return (root / "").lexically_normal() == "/proc/";
}

bool is_proc_file_system(const std::filesystem::path& root) {
  struct statfs status {};
  return ::statfs(root.c_str(), &status) == 0 && status.f_type == PROC_SUPER_MAGIC;
}

Procfs::Procfs(std::filesystem::path root)
    : root_(std::move(root)),
      directory_(::open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (!directory_) fail(errno);
  has_clocks_ = is_proc(root_) && shows_own_namespace();
}

bool Procfs::is_original(const char* path) const {
  struct stat folder {};
  struct stat file {};
  return ::fstat(directory_.raw(), &folder) == 0 &&
         ::fstatat(directory_.raw(), path, &file, AT_SYMLINK_NOFOLLOW) == 0 &&
         file.st_dev == folder.st_dev;
}

bool Procfs::shows_own_namespace() const {
  std::array<char, 16> text{};
  const ssize_t length = ::readlinkat(directory_.raw(), "self", text.data(), text.size());
  return length > 0 &&
         base::parse_number<pid_t>({text.data(), static_cast<std::size_t>(length)}) == ::getpid();
}

std::string Procfs::name() const { return base::escape(root_.native()); }

void Procfs::read_pids(off_t from, const std::function<bool(pid_t, off_t)>& visit) {
  if (::lseek(directory_.raw(), from, SEEK_SET) < 0) fail(errno);
  // d_off of an entry is the offset of the next one; the offset of an entry is d_off of the one
  // before it. d_off of the last entry is the end of the folder, from which new processes are not
  // found.
  off_t offset = from;
  const auto buffer = std::make_unique_for_overwrite<EntryBuffer>();
  char* const bytes = buffer->bytes.data();
  for (;;) {
    const ssize_t size = ::getdents64(directory_.raw(), bytes, buffer->bytes.size());
    if (size < 0) fail(errno);
    if (size == 0) return;
    for (const char* next = bytes; next < bytes + size;) {
      const auto* const entry = reinterpret_cast<const dirent64*>(next);
      const auto pid = parse_pid(entry->d_name);
      if (pid && !visit(*pid, offset)) return;
      offset = entry->d_off;
      next += entry->d_reclen;
    }
  }
}

std::optional<pid_t> Procfs::read_last_pid() {
  if (!is_original("loadavg")) return std::nullopt;
  const auto pid = read_last_number<pid_t>(directory_.raw(), "loadavg");
  // gVisor always writes 0.
  return pid && *pid > 0 ? pid : std::nullopt;
}

std::uint64_t Procfs::read_pid_limit() {
  // 301 is the smallest limit that can be set, for roots that lack the file.
  return read_last_number<std::uint64_t>(directory_.raw(), "sys/kernel/pid_max").value_or(301);
}

std::optional<pid_t> Procfs::own_pid() const {
  return has_clocks_ ? std::optional(::getpid()) : std::nullopt;
}

std::optional<std::uint64_t> Procfs::read_clock(pid_t pid) {
  timespec time{};
  if (::clock_gettime(cpu_clock_of(pid), &time) != 0) return std::nullopt;
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec);
}

ProcessSource::Stat Procfs::read_stat(pid_t pid) {
  std::array<char, 24> path;
  char* const end = std::to_chars(path.data(), path.data() + path.size(), pid).ptr;
  std::copy_n("/stat", sizeof "/stat", end);
  // The longest line is below 1,200 bytes: a name of 64 bytes and 51 numbers of up to 20 digits.
  std::array<char, 2048> buffer;
  const auto text = read_small_file(directory_.raw(), path.data(), buffer);
  if (!text) {
    switch (errno) {
      case ENOENT:
      case ESRCH:
        return {};
      case EMFILE:
      case ENFILE:
      case ENOMEM:
        fail(errno);
      default:
        return {.process = {}, .is_unreadable = true};
    }
  }
  auto process = parse_stat(*text);
  // A file that names another pid than its folder is forged.
  if (!process || process->pid != pid) return {.process = {}, .is_unreadable = true};
  return {.process = std::move(process)};
}

std::optional<CpuTimes> Procfs::read_cpu_times() {
  const auto buffer = std::make_unique_for_overwrite<std::array<char, kMaxCpuStatSize>>();
  const auto text = read_small_file(directory_.raw(), "stat", *buffer);
  auto times = text ? parse_cpu_times(*text) : std::nullopt;
  if (times && !is_original("stat")) times->forks.reset();
  return times;
}

void Procfs::fail(int error) const {
  throw std::system_error(error, std::generic_category(),
                          "could not read the processes under " + name());
}

}  // namespace topnet::proc
