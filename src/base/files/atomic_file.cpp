#include "base/files/atomic_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/file_io.h"
#include "base/files/file_error.h"

namespace topnet::base {
namespace {

// How often a FIFO is checked for a reader.
constexpr int kFifoPollMs = 50;

constexpr const char* kIsLink = "it is a symbolic link; name the file that it points to";

}  // namespace

AtomicFile::AtomicFile(std::filesystem::path file, mode_t mode, Targets targets)
    : file_(std::move(file)), name_(file_.filename()) {
  if (file_.empty()) fail(ENOENT);
  if (name_.empty()) refuse("it is a directory; name a file in it");
  const std::filesystem::path folder = file_.has_parent_path() ? file_.parent_path() : ".";
  folder_ = UniqueFd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder_) fail(errno);

  struct stat status {};
  if (!look_up(targets == Targets::RegularFiles ? AT_SYMLINK_NOFOLLOW : 0, status)) {
    if (errno != ENOENT) fail(errno);
    if (look_up(AT_SYMLINK_NOFOLLOW, status)) refuse(kIsLink);
    temporary_.emplace(folder_.raw(), file_, mode);
    return;
  }
  if (targets == Targets::RegularFiles && !S_ISREG(status.st_mode)) {
    refuse(S_ISLNK(status.st_mode) ? "it is a symbolic link; remove it"
                                   : "it is not a regular file; remove it");
  }
  if (S_ISDIR(status.st_mode)) refuse("it is a directory; name a file in it");
  if (::faccessat(folder_.raw(), name_.c_str(), W_OK, AT_EACCESS) != 0) fail(errno);
  if (!S_ISREG(status.st_mode)) {
    open_device();
    return;
  }
  // A rename would replace the link, and leave the file that it points to unchanged.
  if (look_up(AT_SYMLINK_NOFOLLOW, status) && S_ISLNK(status.st_mode)) {
    refuse(kIsLink);
  }
  existing_ = {.mode = status.st_mode & 07777U, .owner = status.st_uid, .group = status.st_gid};
  temporary_.emplace(folder_.raw(), file_, initial_mode());
}

void AtomicFile::set_owner(uid_t owner, gid_t group) {
  if (existing_ || !temporary_) return;
  if (::fchown(temporary_->raw(), owner, group) != 0) fail(errno);
}

bool AtomicFile::is_terminal() const { return device_ && ::isatty(device_.raw()) == 1; }

void AtomicFile::write(std::string_view bytes) {
  if (temporary_) {
    const int error = write_all(temporary_->raw(), bytes);
    if (error != 0) fail(error);
  } else {
    device_bytes_ += bytes;
  }
}

void AtomicFile::commit() {
  if (!temporary_) {
    const int error = write_all(device_.raw(), device_bytes_);
    if (error == EPIPE) return;  // the reader has all that it wants
    if (error != 0) fail(error);
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
  constexpr int flags = O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;
  struct stat status {};
  for (;;) {
    device_ = UniqueFd(::openat(folder_.raw(), name_.c_str(), flags));
    if (device_) break;
    const int error = errno;
    const bool is_fifo = look_up(0, status) && S_ISFIFO(status.st_mode);
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

void AtomicFile::sync(int descriptor) const {
  while (::fsync(descriptor) != 0) {
    // A terminal, a FIFO or a folder on some network file systems cannot be synced.
    if (errno == EINVAL) return;
    if (errno != EINTR) fail(errno);
  }
}

// Creating the file with its final mode helps on file systems that refuse chmod. The old group's
// permissions are left out if the new file belongs to another group.
mode_t AtomicFile::initial_mode() const {
  struct stat folder {};
  if (::fstat(folder_.raw(), &folder) != 0) fail(errno);
  const gid_t group = (folder.st_mode & S_ISGID) != 0 ? folder.st_gid : ::getegid();
  return existing_->mode & (group == existing_->group ? 0777U : 0707U);
}

void AtomicFile::copy_attributes() const {
  const int descriptor = temporary_->raw();
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) fail(errno);
  mode_t mode = existing_->mode;
  const bool has_owner = status.st_uid == existing_->owner && status.st_gid == existing_->group;
  // Only root may change the owner. Any process may set the group to one of its own.
  if (!has_owner && ::fchown(descriptor, existing_->owner, existing_->group) != 0 &&
      status.st_gid != existing_->group &&
      ::fchown(descriptor, static_cast<uid_t>(-1), existing_->group) != 0) {
    // The new file's group must not get the old group's permissions.
    mode &= ~mode_t{070};
  }
  // After fchown, which clears the set-user-ID and set-group-ID bits.
  if (::fstat(descriptor, &status) != 0) fail(errno);
  if ((status.st_mode & 07777U) != mode && ::fchmod(descriptor, mode) != 0) {
    refuse("a new file cannot get its mode here; remove it first");
  }
}

bool AtomicFile::look_up(int flags, struct stat& status) const {
  return ::fstatat(folder_.raw(), name_.c_str(), &status, flags) == 0;
}

void AtomicFile::fail(int error) const { throw FileError("write", file_, error); }

void AtomicFile::refuse(const char* why) const { throw FileError("write", file_, why); }

}  // namespace topnet::base
