#include "base/files/atomic_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/files/file_error.h"

namespace topnet::base {
namespace {

// How often a FIFO is checked for a reader.
constexpr int kFifoPollMs = 50;

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path file, mode_t mode)
    : file_(std::move(file)), name_(file_.filename()) {
  if (file_.empty()) fail(ENOENT);
  if (name_.empty()) refuse("it is a directory; name a file in it");
  const std::filesystem::path folder = file_.has_parent_path() ? file_.parent_path() : ".";
  folder_ = UniqueFd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder_) fail(errno);

  struct stat status {};
  if (::fstatat(folder_.raw(), name_.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
    if (S_ISLNK(status.st_mode)) refuse("it is a symbolic link; name the file that it points to");
    if (S_ISDIR(status.st_mode)) refuse("it is a directory; name a file in it");
    // A rename would replace a write-protected file, which its owner does not want.
    if (::faccessat(folder_.raw(), name_.c_str(), W_OK, AT_EACCESS) != 0) fail(errno);
    if (!S_ISREG(status.st_mode)) {
      open_device();
      return;
    }
    mode = 0600;  // until copy_attributes()
    existing_ = {.mode = status.st_mode & 07777U, .owner = status.st_uid, .group = status.st_gid};
  } else if (errno != ENOENT) {
    fail(errno);
  }
  temporary_.emplace(folder_.raw(), file_, mode);
}

void AtomicFile::set_owner(uid_t owner, gid_t group) {
  if (existing_ || !temporary_) return;
  if (::fchown(temporary_->raw(), owner, group) != 0) fail(errno);
}

void AtomicFile::write(std::string_view bytes) {
  if (temporary_) {
    write_to(temporary_->raw(), bytes);
  } else {
    device_bytes_ += bytes;
  }
}

void AtomicFile::commit() {
  if (!temporary_) {
    write_to(device_.raw(), device_bytes_);
    sync(device_.raw());
    return;
  }
  if (existing_) copy_attributes();
  sync(temporary_->raw());
  temporary_->publish();
  try {
    sync(folder_.raw());
  } catch (const FileError& error) {
    throw FileError(
        "write", file_,
        "the file was replaced, but its folder could not be synced: " + error.code().message());
  }
}

// Waits for the reader of a FIFO, as long as the FIFO exists.
void AtomicFile::open_device() {
  constexpr int flags = O_WRONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;
  struct stat status {};
  for (;;) {
    device_ = UniqueFd(::openat(folder_.raw(), name_.c_str(), flags));
    if (device_) break;
    const int error = errno;
    const bool is_fifo =
        ::fstatat(folder_.raw(), name_.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISFIFO(status.st_mode);
    if (error == ENXIO && !is_fifo && !S_ISSOCK(status.st_mode)) {
      refuse("it changed while it was opened; try again");
    }
    if (error != ENXIO || !is_fifo) fail(error);
    ::poll(nullptr, 0, kFifoPollMs);
  }
  if (::fstat(device_.raw(), &status) != 0 || ::fcntl(device_.raw(), F_SETFL, 0) != 0) fail(errno);
  // Replaced by a regular file since fstatat.
  if (S_ISREG(status.st_mode)) refuse("it changed while it was opened; try again");
}

void AtomicFile::write_to(int descriptor, std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      fail(errno);
    }
  }
}

void AtomicFile::sync(int descriptor) const {
  while (::fsync(descriptor) != 0) {
    // A terminal, a FIFO or a folder on some network file systems cannot be synced.
    if (errno == EINVAL) return;
    if (errno != EINTR) fail(errno);
  }
}

void AtomicFile::copy_attributes() const {
  const int descriptor = temporary_->raw();
  mode_t mode = existing_->mode;
  // Only root may change the owner. Any process may set the group to one of its own.
  if (::fchown(descriptor, existing_->owner, existing_->group) != 0) {
    if (::fchown(descriptor, static_cast<uid_t>(-1), existing_->group) != 0) {
      // The file now has another group, which must not get the old group's permissions.
      mode &= ~mode_t{070};
    }
  }
  if (::fchmod(descriptor, mode) != 0) fail(errno);
}

void AtomicFile::fail(int error) const { throw FileError("write", file_, error); }

void AtomicFile::refuse(const char* why) const { throw FileError("write", file_, why); }

}  // namespace topnet::base
