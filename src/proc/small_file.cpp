#include "proc/small_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/unique_fd.h"

namespace topnet::proc {

std::optional<std::string_view> read_small_file(int directory, const char* path,
                                                std::span<char> buffer) {
  const base::UniqueFd file(
      ::openat(directory, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY));
  if (!file) return std::nullopt;
  ssize_t length = 0;
  do {
    length = ::read(file.raw(), buffer.data(), buffer.size());
  } while (length < 0 && errno == EINTR);
  if (length < 0) return std::nullopt;
  if (static_cast<std::size_t>(length) == buffer.size()) {
    errno = EFBIG;
    return std::nullopt;
  }
  return std::string_view(buffer.data(), static_cast<std::size_t>(length));
}

}  // namespace topnet::proc
