#include "base/files/user_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "base/escape.h"
#include "base/files/file_error.h"
#include "base/files/read_file.h"

namespace topnet::base {
namespace {

void require_secret(const std::filesystem::path& file, const struct stat& status) {
  const uid_t self = ::geteuid();
  const bool is_roots = status.st_uid == 0;
  if (!is_roots && status.st_uid != self) {
    throw FileError(
        "use", file,
        "it belongs to another user; it has to belong to root or to the user who runs topnet");
  }
  const mode_t forbidden = is_roots ? 037U : 077U;
  if ((status.st_mode & forbidden) == 0) return;
  throw FileError(
      "use", file,
      fmt::format("others can use it (mode {:04o}); run: chmod {} {}", status.st_mode & 07777U,
                  is_roots && self != 0 ? "640" : "600", quote_for_shell(file.native())));
}

}  // namespace

std::string UserFile::read(std::chrono::milliseconds timeout) {
  if (from_pipe_) return *from_pipe_;
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const UniqueFd descriptor = open_for_reading(path_, Links::Follow);
  if (!descriptor) throw FileError("read", path_, ENOENT);
  const struct stat status = status_of(path_, descriptor);
  if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode)) {
    throw FileError("use", path_, "it is neither a regular file nor a pipe");
  }
  const bool is_pipe = S_ISFIFO(status.st_mode);
  if (is_pipe && was_read_) {
    throw FileError(
        "use", path_,
        "it has become a pipe, which is read only at the start; replace it by a regular "
        "file");
  }
  if (secrecy_ == Secrecy::Secret) require_secret(path_, status);
  std::string text = read_all(path_, descriptor, deadline);
  if (is_pipe) from_pipe_ = text;
  was_read_ = true;
  return text;
}

}  // namespace topnet::base
