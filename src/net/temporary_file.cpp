#include "net/temporary_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <string_view>
#include <system_error>

namespace topnet::net {
namespace {

constexpr std::size_t kSuffixLength = 16;
// Leaves room for the dot, the mark and the suffix in a component's 255 bytes.
constexpr std::size_t kLongestKeptName = 200;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

bool is_suffix(std::string_view text) {
  return text.size() == kSuffixLength &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

TemporaryFile::TemporaryFile(int folder, std::string name, mode_t mode)
    : folder_(folder),
      name_(std::move(name)),
      prefix_("." + name_.substr(0, kLongestKeptName) + ".topnet-") {
  remove_leftovers();
  if (!open_unnamed(mode)) open_named(mode);
}

TemporaryFile::~TemporaryFile() {
  if (!temporary_name_.empty()) ::unlinkat(folder_, temporary_name_.c_str(), 0);
}

void TemporaryFile::take_name() {
  if (temporary_name_.empty()) {
    std::string link = next_temporary_name();
    const std::string self = fmt::format("/proc/self/fd/{}", file_.raw());
    if (::linkat(AT_FDCWD, self.c_str(), folder_, link.c_str(), AT_SYMLINK_FOLLOW) != 0) {
      fail("linkat");
    }
    temporary_name_ = std::move(link);
  }
  if (::renameat(folder_, temporary_name_.c_str(), folder_, name_.c_str()) != 0) fail("renameat");
  temporary_name_.clear();
}

// False where the file system has no unnamed files.
bool TemporaryFile::open_unnamed(mode_t mode) {
  // Without /proc there is no way to give it a name.
  if (::access("/proc/self/fd", X_OK) != 0) return false;
  file_ = proc::UniqueFd(::openat(folder_, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode));
  if (!file_) {
    if (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT) return false;
    fail("openat");
  }
  // Locked before it has a name, so that nobody ever takes it for abandoned.
  lock();
  return true;
}

void TemporaryFile::open_named(mode_t mode) {
  for (;;) {
    std::string candidate = next_temporary_name();
    file_ = proc::UniqueFd(
        ::openat(folder_, candidate.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, mode));
    if (!file_) fail("openat");
    // Another run may have taken it for abandoned before the lock was there.
    if (lock()) {
      temporary_name_ = std::move(candidate);
      return;
    }
  }
}

// Marks the file as in use. False if it has no name any more. A file system without locks is none
// of our business: there, leftovers are not removed either.
bool TemporaryFile::lock() const {
  // Waits for whoever is looking right now whether it is abandoned.
  while (::flock(file_.raw(), LOCK_EX) != 0 && errno == EINTR) continue;
  struct stat status {};
  return ::fstat(file_.raw(), &status) == 0 && status.st_nlink > 0;
}

std::string TemporaryFile::next_temporary_name() const {
  std::uint64_t random = 0;
  if (::getrandom(&random, sizeof random, 0) != sizeof random) fail("getrandom");
  return fmt::format("{}{:016x}", prefix_, random);
}

void TemporaryFile::remove_leftovers() const {
  // A new description of the folder: the reading position belongs to it.
  proc::UniqueFd folder(::openat(folder_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(folder.raw()), &::closedir);
  if (!entries) return;
  folder.release();
  while (const dirent* const entry = ::readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    if (name.starts_with(prefix_) && is_suffix(name.substr(prefix_.size()))) {
      remove_if_abandoned(entry->d_name);
    }
  }
}

void TemporaryFile::remove_if_abandoned(const char* entry) const {
  constexpr int flags = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  proc::UniqueFd file(::openat(folder_, entry, O_RDONLY | flags));
  // It has the mode of a file that its owner may only write.
  if (!file) file = proc::UniqueFd(::openat(folder_, entry, O_WRONLY | flags));
  struct stat status {};
  if (!file || ::fstat(file.raw(), &status) != 0) return;
  if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid()) return;
  if (::flock(file.raw(), LOCK_EX | LOCK_NB) == 0) ::unlinkat(folder_, entry, 0);
}

}  // namespace topnet::net
