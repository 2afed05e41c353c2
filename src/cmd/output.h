// The destination of a report: standard output, another descriptor, or a file that is replaced
// atomically.
//
// Files and pipes get the report's bytes. A terminal gets them with control characters escaped once
// more (base::escape_controls), since a server may have left them in.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/files/atomic_file.h"

namespace topnet::cmd {

class Output {
 public:
  // `file` is a path, "-" for standard output, or the name of a descriptor: /dev/stdout,
  // /dev/stderr, /dev/fd/N. A descriptor is written to, whatever it refers to. Throws
  // base::FileError if the destination cannot be written, so that no report is made in vain.
  explicit Output(const std::string& file);

  // Nothing reaches the destination before commit(). Both throw base::FileError.
  void write(std::string_view bytes);
  void commit();

  // Whether the destination is a path, not a descriptor.
  bool is_file() const { return file_.has_value(); }

 private:
  std::string name_;
  int descriptor_ = -1;
  std::optional<base::AtomicFile> file_;
  bool is_terminal_ = false;
  std::string buffer_;  // for a descriptor or a terminal
};

// Writes all of `text` to standard output. Succeeds silently if the reader has closed the pipe, as
// in `topnet scan | head -1`. Throws base::FileError for every other failure.
void print(std::string_view text);

}  // namespace topnet::cmd
