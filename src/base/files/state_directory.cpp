#include "base/files/state_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>
#include <utility>

#include "base/escape.h"
#include "base/files/atomic_file.h"
#include "base/files/file_error.h"
#include "base/files/read_file.h"

namespace topnet::base {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;
constexpr std::chrono::milliseconds kLockPollInterval{10};

constexpr const char* kChooseAnother = "; choose a directory of its own with --state-dir";

// Throws unless only the owner can use `file`.
void require_private(const fs::path& file, const struct stat& status) {
  if (status.st_uid != ::geteuid() && ::geteuid() != 0) {
    throw FileError("use", file, "it belongs to another user");
  }
  if ((status.st_mode & 077U) != 0) {
    throw FileError(
        "use", file,
        fmt::format("others can read it (mode {:04o}); run: chmod {:o} {}", status.st_mode & 07777U,
                    kFileMode, quote_for_shell(file.native())));
  }
}

// False for directories such as /etc and /tmp, which chmod would make unusable for others.
bool may_become_private(const fs::path& folder, const struct stat& status) {
  std::error_code ignored;
  return status.st_uid == ::geteuid() &&
         (fs::exists(folder / "identity.key", ignored) || fs::is_empty(folder, ignored));
}

void require_private_folder(const fs::path& folder, const struct stat& status) {
  if (status.st_uid != ::geteuid() && ::geteuid() != 0) {
    throw FileError("use", folder, std::string("it belongs to another user") + kChooseAnother);
  }
  if ((status.st_mode & 077U) == 0) return;
  const std::string next_step =
      may_become_private(folder, status)
          ? fmt::format("; run: chmod {:o} {}", kFolderMode, quote_for_shell(folder.native()))
          : kChooseAnother;
  throw FileError(
      "use", folder,
      fmt::format("others can read it (mode {:04o}){}", status.st_mode & 07777U, next_step));
}

UniqueFd open_folder(const fs::path& path) {
  UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) throw FileError("open", path, errno);
  return folder;
}

void sync_folder(const fs::path& path) {
  const UniqueFd folder = open_folder(path);
  while (::fsync(folder.raw()) != 0) {
    if (errno == EINVAL) return;  // not supported by the file system
    if (errno != EINTR) throw FileError("sync", path, errno);
  }
}

// Also creates missing parents.
void create_private_folders(const fs::path& folder) {
  if (folder.empty()) return;
  const auto create = [&] { return ::mkdir(folder.c_str(), kFolderMode) == 0 ? 0 : errno; };
  int error = create();
  if (error == ENOENT) {
    create_private_folders(folder.parent_path());
    error = create();  // ENOENT again if the parent is a dangling link, or in /proc
  }
  if (error == EEXIST) return;
  if (error != 0) {
    throw FileError("create", folder,
                    std::generic_category().message(error) +
                        "; choose another state directory with --state-dir or TOPNET_STATE_DIR");
  }
  sync_folder(folder.has_parent_path() ? folder.parent_path() : ".");
}

}  // namespace

StateDirectory::StateDirectory(fs::path path) : path_(std::move(path)) {
  create_private_folders(path_);
  const struct stat status = status_of(path_, open_folder(path_));
  require_private_folder(path_, status);
  owner_ = status.st_uid;
  group_ = status.st_gid;
}

// Polls, because flock(2) cannot wait with a deadline.
StateDirectory::Lock::Lock(const StateDirectory& folder, std::chrono::milliseconds max_wait)
    : descriptor_(open_folder(folder.path())) {
  const auto deadline = std::chrono::steady_clock::now() + max_wait;
  while (::flock(descriptor_.raw(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EINTR && errno != EWOULDBLOCK) throw FileError("lock", folder.path(), errno);
    if (std::chrono::steady_clock::now() >= deadline) {
      throw FileError("lock", folder.path(),
                      "another process holds the lock; find it with `lslocks`, end it, and try "
                      "again");
    }
    std::this_thread::sleep_for(kLockPollInterval);
  }
}

std::optional<std::string> StateDirectory::read(std::string_view name) const {
  const fs::path file = path_ / name;
  const UniqueFd descriptor = open_for_reading(file, Links::Refuse);
  if (!descriptor) return std::nullopt;
  const struct stat status = status_of(file, descriptor);
  if (S_ISDIR(status.st_mode)) throw FileError("read", file, EISDIR);
  if (!S_ISREG(status.st_mode)) throw FileError("use", file, "it is not a regular file");
  require_private(file, status);
  return read_all(file, descriptor);
}

FileVersion StateDirectory::version(std::string_view name) const {
  return version_of(path_ / name, Links::Refuse);
}

void StateDirectory::write(std::string_view name, std::string_view contents) const {
  // read() would refuse the file.
  const fs::path file = path_ / name;
  if (contents.size() > kMaxFileSize) throw FileError("write", file, EFBIG);
  AtomicFile target(file, kFileMode, Targets::RegularFiles);
  if (is_root_for_other_owner()) target.set_owner(owner_, group_);
  target.write(contents);
  target.commit();
}

UniqueFd StateDirectory::open(std::string_view name) const {
  const fs::path file = path_ / name;
  constexpr int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  UniqueFd descriptor(::open(file.c_str(), flags));
  if (!descriptor && errno == ENOENT) {
    descriptor = UniqueFd(::open(file.c_str(), flags | O_CREAT, kFileMode));
    if (descriptor && is_root_for_other_owner() &&
        ::fchown(descriptor.raw(), owner_, group_) != 0) {
      throw FileError("write", file, errno);
    }
  }
  if (!descriptor) throw FileError("write", file, errno);
  return descriptor;
}

// Otherwise files that root creates would be unreadable for a server of another user.
bool StateDirectory::is_root_for_other_owner() const { return ::geteuid() == 0 && owner_ != 0; }

void StateDirectory::remove(std::string_view name) const {
  const fs::path file = path_ / name;
  if (::unlink(file.c_str()) != 0 && errno != ENOENT) throw FileError("remove", file, errno);
}

}  // namespace topnet::base
