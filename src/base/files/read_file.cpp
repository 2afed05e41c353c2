#include "base/files/read_file.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/files/file_error.h"

namespace topnet::base {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

std::int64_t nanoseconds_of(const timespec& time) {
  return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_nsec;
}

// Also waits for the first writer of a FIFO.
void wait_for_input(const fs::path& file, const UniqueFd& pipe, Clock::time_point deadline) {
  pollfd ready{.fd = pipe.raw(), .events = POLLIN, .revents = 0};
  for (;;) {
    const auto now = Clock::now();
    if (deadline <= now) {
      throw FileError("read", file, "timed out waiting for the end of the pipe; close its writer");
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now);
    const int count = ::poll(&ready, 1, static_cast<int>(left.count()));
    if (count > 0) return;
    if (count < 0 && errno != EINTR) throw FileError("read", file, errno);
  }
}

}  // namespace

UniqueFd open_for_reading(const fs::path& file, Links links) {
  // O_NONBLOCK: a FIFO without a writer must not block.
  const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  const int no_links = links == Links::Refuse ? O_NOFOLLOW : 0;
  UniqueFd descriptor(::open(file.c_str(), flags | no_links));
  if (!descriptor && errno != ENOENT) throw FileError("read", file, errno);
  return descriptor;
}

struct stat status_of(const fs::path& file, const UniqueFd& descriptor) {
  struct stat status {};
  if (::fstat(descriptor.raw(), &status) != 0) throw FileError("read", file, errno);
  return status;
}

std::string read_all(const fs::path& file, const UniqueFd& descriptor, Clock::time_point deadline) {
  const bool is_pipe = S_ISFIFO(status_of(file, descriptor).st_mode);
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    if (is_pipe) wait_for_input(file, descriptor, deadline);
    const ssize_t count = ::read(descriptor.raw(), buffer.data(), buffer.size());
    if (count < 0 && (errno == EINTR || (is_pipe && errno == EAGAIN))) continue;
    if (count < 0) throw FileError("read", file, errno);
    if (count == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > kMaxFileSize) throw FileError("read", file, EFBIG);
  }
}

FileVersion version_of(const fs::path& file, Links links) {
  struct stat status {};
  const int flags = links == Links::Refuse ? AT_SYMLINK_NOFOLLOW : 0;
  if (::fstatat(AT_FDCWD, file.c_str(), &status, flags) != 0) {
    if (errno == ENOENT) return {};
    throw FileError("read", file, errno);
  }
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .modified_ns = nanoseconds_of(status.st_mtim),
          .changed_ns = nanoseconds_of(status.st_ctim),
          .size = status.st_size};
}

}  // namespace topnet::base
