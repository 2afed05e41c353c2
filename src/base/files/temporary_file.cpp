#include "base/files/temporary_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include "base/escape.h"
#include "base/files/file_error.h"

namespace topnet::base {
namespace {

using Clock = std::chrono::steady_clock;

// A temporary name has to fit into 255 bytes.
constexpr std::size_t kMaxNameLength = 200;
constexpr std::chrono::seconds kMaxWait{5};
constexpr std::chrono::milliseconds kPollInterval{10};

}  // namespace

TemporaryFile::TemporaryFile(int folder, std::filesystem::path file, mode_t mode)
    : folder_(folder),
      file_(std::move(file)),
      name_(file_.filename()),
      temporary_name_("." + name_.substr(0, kMaxNameLength) + ".topnet-new") {
  if (!open_unnamed(mode)) acquire_name([&] { return create(mode); });
}

TemporaryFile::~TemporaryFile() {
  if (has_temporary_name_) ::unlinkat(folder_, temporary_name_.c_str(), 0);
}

void TemporaryFile::publish() {
  if (!has_temporary_name_) acquire_name([&] { return link(); });
  if (::renameat(folder_, temporary_name_.c_str(), folder_, name_.c_str()) != 0) fail();
  has_temporary_name_ = false;
}

// False if the file system has no unnamed files.
bool TemporaryFile::open_unnamed(mode_t mode) {
  // link() needs /proc.
  if (::access("/proc/self/fd", X_OK) != 0) return false;
  descriptor_ = UniqueFd(::openat(folder_, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode));
  if (!descriptor_) {
    if (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT) return false;
    fail();
  }
  // Errors are ignored: on a file system without locks, left-over files stay.
  ::flock(descriptor_.raw(), LOCK_EX | LOCK_NB);
  return true;
}

// False if the temporary name is taken.
bool TemporaryFile::create(mode_t mode) {
  constexpr int flags = O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC;
  descriptor_ = UniqueFd(::openat(folder_, temporary_name_.c_str(), flags, mode));
  if (!descriptor_) {
    if (errno == EEXIST) return false;
    fail();
  }
  // Before this lock, another process may have locked and removed the file as a left-over.
  if (::flock(descriptor_.raw(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return false;
  struct stat status {};
  return ::fstat(descriptor_.raw(), &status) == 0 && status.st_nlink > 0;
}

// False if the temporary name is taken.
bool TemporaryFile::link() {
  const std::string self = fmt::format("/proc/self/fd/{}", descriptor_.raw());
  if (::linkat(AT_FDCWD, self.c_str(), folder_, temporary_name_.c_str(), AT_SYMLINK_FOLLOW) == 0) {
    return true;
  }
  if (errno == EEXIST) return false;
  fail();
}

void TemporaryFile::acquire_name(const std::function<bool()>& attempt) {
  const Clock::time_point deadline = Clock::now() + kMaxWait;
  while (!attempt()) {
    if (Clock::now() >= deadline) {
      const std::filesystem::path taken = file_.parent_path() / temporary_name_;
      throw FileError("write", file_,
                      fmt::format("another process is writing it; if there is none, remove {}",
                                  escape(taken.native())));
    }
    if (!remove_left_over()) std::this_thread::sleep_for(kPollInterval);
  }
  has_temporary_name_ = true;
}

// False unless the temporary name is that of an unlocked file with the new file's owner.
bool TemporaryFile::remove_left_over() const {
  constexpr int flags = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  // NFS locks only files that are open for writing, but the mode may only allow reading.
  UniqueFd found(::openat(folder_, temporary_name_.c_str(), O_WRONLY | flags));
  if (!found) found = UniqueFd(::openat(folder_, temporary_name_.c_str(), O_RDONLY | flags));
  struct stat status {};
  if (!found || ::fstat(found.raw(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  struct stat own {};
  const bool has_own = descriptor_ && ::fstat(descriptor_.raw(), &own) == 0;
  if (status.st_uid != (has_own ? own.st_uid : ::geteuid())) return false;
  if (::flock(found.raw(), LOCK_EX | LOCK_NB) != 0) return false;
  // Before the lock was held, the name may have passed to another file.
  struct stat named {};
  return ::fstatat(folder_, temporary_name_.c_str(), &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         named.st_dev == status.st_dev && named.st_ino == status.st_ino &&
         ::unlinkat(folder_, temporary_name_.c_str(), 0) == 0;
}

void TemporaryFile::fail() const { throw FileError("write", file_, errno); }

}  // namespace topnet::base
