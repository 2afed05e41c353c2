#include "cmd/output.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "base/files/file_error.h"

namespace topnet::cmd {

Output::Output(const std::string& file) {
  if (file != "-") file_.emplace(file);
}

void Output::write(std::string_view bytes) {
  if (file_) {
    file_->write(bytes);
  } else {
    buffer_ += bytes;
  }
}

void Output::commit() {
  if (file_) {
    file_->commit();
  } else {
    print(buffer_);
  }
}

void print(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EPIPE) {
      return;
    } else if (errno == EAGAIN) {
      // Another process that shares the descriptor has made it non-blocking.
      pollfd output{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
      ::poll(&output, 1, -1);
    } else if (errno != EINTR) {
      throw base::FileError("write", "standard output", errno);
    }
  }
}

}  // namespace topnet::cmd
