#include "net/private_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "net/atomic_file.h"
#include "net/file_error.h"
#include "proc/escape.h"

namespace topnet::net {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;
constexpr std::size_t kMaxFileSize = std::size_t{1} << 20U;

// Others must not reach what is in `file`.
void require_private(const fs::path& file, int descriptor, mode_t wanted) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) throw FileError("read", file, errno);
  if (status.st_uid != ::geteuid() && ::geteuid() != 0) {
    throw FileError("use", file, "it belongs to another user");
  }
  if ((status.st_mode & 077U) != 0) {
    throw FileError("use", file,
                    fmt::format("others can read it (mode {:04o}); run: chmod {:o} {}",
                                status.st_mode & 07777U, wanted, proc::escape(file.native())));
  }
}

// Makes the folders on the way that are missing, each for the owner alone.
void make_private_folders(const fs::path& folder) {
  if (folder.empty() || ::mkdir(folder.c_str(), kFolderMode) == 0 || errno == EEXIST) return;
  if (errno != ENOENT) throw FileError("make", folder, errno);
  make_private_folders(folder.parent_path());
  if (::mkdir(folder.c_str(), kFolderMode) != 0 && errno != EEXIST) {
    throw FileError("make", folder, errno);
  }
}

proc::UniqueFd open_folder(const fs::path& path) {
  proc::UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) throw FileError("open", path, errno);
  return folder;
}

}  // namespace

PrivateFolder::PrivateFolder(fs::path path) : path_(std::move(path)) {
  make_private_folders(path_);
  require_private(path_, open_folder(path_).raw(), kFolderMode);
}

PrivateFolder::Lock::Lock(const PrivateFolder& folder) : descriptor_(open_folder(folder.path())) {
  while (::flock(descriptor_.raw(), LOCK_EX) != 0) {
    if (errno != EINTR) throw FileError("lock", folder.path(), errno);
  }
}

std::optional<std::string> PrivateFolder::read(std::string_view name) const {
  const fs::path file = path_ / name;
  const proc::UniqueFd descriptor(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!descriptor) {
    if (errno == ENOENT) return std::nullopt;
    throw FileError("read", file, errno);
  }
  require_private(file, descriptor.raw(), kFileMode);
  std::string text(kMaxFileSize, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t count = ::read(descriptor.raw(), text.data() + size, text.size() - size);
    if (count == 0) {
      text.resize(size);
      return text;
    }
    if (count > 0) size += static_cast<std::size_t>(count);
    if (count < 0 && errno != EINTR) throw FileError("read", file, errno);
  }
  throw FileError("read", file, EFBIG);
}

PrivateFolder::Version PrivateFolder::version(std::string_view name) const {
  const fs::path file = path_ / name;
  struct stat status {};
  if (::lstat(file.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    throw FileError("read", file, errno);
  }
  return {
      .inode = status.st_ino,
      .modified_ns = status.st_mtim.tv_sec * std::int64_t{1'000'000'000} + status.st_mtim.tv_nsec,
      .size = status.st_size};
}

void PrivateFolder::write(std::string_view name, std::string_view contents) const {
  AtomicFile target(path_ / name, kFileMode);
  target.write(contents);
  target.commit();
}

void PrivateFolder::remove(std::string_view name) const {
  const fs::path file = path_ / name;
  if (::unlink(file.c_str()) != 0 && errno != ENOENT) throw FileError("remove", file, errno);
}

}  // namespace topnet::net
