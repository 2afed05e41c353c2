#include "net/atomic_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "net/file_error.h"

namespace topnet::net {
namespace {

// How often a FIFO is checked for a reader, in milliseconds.
constexpr int kLookForReader = 50;

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path file, mode_t mode)
    : file_(std::move(file)), name_(file_.filename()) {
  if (file_.empty()) fail(ENOENT);
  if (name_.empty()) refuse("it is a directory; name a file in it");
  const std::filesystem::path folder = file_.has_parent_path() ? file_.parent_path() : ".";
  folder_ = proc::UniqueFd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder_) fail(errno);

  struct stat status {};
  if (::fstatat(folder_.raw(), name_.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
    if (S_ISLNK(status.st_mode)) refuse("it is a symbolic link; name the file that it points to");
    if (S_ISDIR(status.st_mode)) refuse("it is a directory; name a file in it");
    // A rename needs no permission on the file, but a write-protected file is meant to stay.
    if (::faccessat(folder_.raw(), name_.c_str(), W_OK, AT_EACCESS) != 0) fail(errno);
    if (!S_ISREG(status.st_mode)) {
      open_device();
      return;
    }
    mode = 0600;  // until it has the old owner and group
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
    held_back_ += bytes;
  }
}

void AtomicFile::commit() {
  if (!temporary_) {
    write_to(device_.raw(), held_back_);
    sync(device_.raw());
    return;
  }
  if (existing_) keep_attributes();
  sync(temporary_->raw());
  temporary_->publish();
  try {
    sync(folder_.raw());
  } catch (const FileError& error) {
    throw FileError(
        "write", file_,
        "it is replaced, but its folder could not be synced: " + error.code().message());
  }
}

// A FIFO waits for its reader, as long as it is there.
void AtomicFile::open_device() {
  constexpr int flags = O_WRONLY | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;
  struct stat status {};
  for (;;) {
    device_ = proc::UniqueFd(::openat(folder_.raw(), name_.c_str(), flags));
    if (device_) break;
    const int error = errno;
    const bool is_fifo =
        ::fstatat(folder_.raw(), name_.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISFIFO(status.st_mode);
    if (error == ENXIO && !is_fifo && !S_ISSOCK(status.st_mode)) {
      refuse("it changed while it was opened; try again");
    }
    if (error != ENXIO || !is_fifo) fail(error);
    ::poll(nullptr, 0, kLookForReader);
  }
  if (::fstat(device_.raw(), &status) != 0 || ::fcntl(device_.raw(), F_SETFL, 0) != 0) fail(errno);
  // It was swapped since fstatat.
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
    // A terminal, a FIFO, a folder on some network file systems: nothing there to sync.
    if (errno == EINVAL) return;
    if (errno != EINTR) fail(errno);
  }
}

void AtomicFile::keep_attributes() const {
  const int descriptor = temporary_->raw();
  mode_t mode = existing_->mode;
  // Only root may give a file away; a group of ours can be kept without being root.
  if (::fchown(descriptor, existing_->owner, existing_->group) != 0) {
    if (::fchown(descriptor, static_cast<uid_t>(-1), existing_->group) != 0) {
      // The old group's permissions are not for ours.
      mode &= ~mode_t{070};
    }
  }
  if (::fchmod(descriptor, mode) != 0) fail(errno);
}

void AtomicFile::fail(int error) const { throw FileError("write", file_, error); }

void AtomicFile::refuse(const char* why) const { throw FileError("write", file_, why); }

}  // namespace topnet::net
