#include "cmd/output.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/escape.h"
#include "base/file_io.h"
#include "base/files/file_error.h"
#include "base/parse_number.h"

namespace topnet::cmd {
namespace {

// The descriptor that `file` names; nullopt if it is the path of a file.
std::optional<int> named_descriptor(std::string_view file) {
  if (file == "-" || file == "/dev/stdout") return STDOUT_FILENO;
  if (file == "/dev/stderr") return STDERR_FILENO;
  for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
    if (file.starts_with(folder)) return base::parse_number<int>(file.substr(folder.size()));
  }
  return std::nullopt;
}

void write_to(int descriptor, std::string_view bytes, const std::string& name) {
  const int error = base::write_all(descriptor, bytes);
  if (error != 0 && error != EPIPE) throw base::FileError("write", name, error);
}

// Keeps the ends of lines: LF, or CR LF in CSV.
std::string escape_lines(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t next = std::min(text.find('\n'), text.size() - 1) + 1;
    std::size_t end = next;
    if (text[end - 1] == '\n') --end;
    if (end < next && end > 0 && text[end - 1] == '\r') --end;
    out += base::escape_controls(text.substr(0, end));
    out += text.substr(end, next - end);
    text.remove_prefix(next);
  }
  return out;
}

}  // namespace

Output::Output(const std::string& file) : name_(file == "-" ? "standard output" : file) {
  const auto descriptor = named_descriptor(file);
  if (!descriptor) {
    file_.emplace(file);
    is_terminal_ = file_->is_terminal();
    return;
  }
  descriptor_ = *descriptor;
  const int flags = ::fcntl(descriptor_, F_GETFL);
  // prepare_process() reserves a closed standard output by a descriptor that cannot be written.
  if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY) {
    throw base::FileError("write", name_, "it is closed, or open for reading only");
  }
  is_terminal_ = ::isatty(descriptor_) == 1;
}

void Output::write(std::string_view bytes) {
  if (file_ && !is_terminal_) {
    file_->write(bytes);
  } else {
    buffer_ += bytes;
  }
}

void Output::commit() {
  if (is_terminal_) buffer_ = escape_lines(buffer_);
  if (file_) {
    file_->write(buffer_);
    file_->commit();
  } else {
    write_to(descriptor_, buffer_, name_);
  }
}

void print(std::string_view text) { write_to(STDOUT_FILENO, text, "standard output"); }

}  // namespace topnet::cmd
