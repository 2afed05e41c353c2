// The destination of a report: standard output, or a file that is replaced atomically.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/files/atomic_file.h"

namespace topnet::cmd {

class Output {
 public:
  // `file` is a path, or "-" for standard output. Throws base::FileError if the file cannot be
  // written, so that no report is made in vain.
  explicit Output(const std::string& file);

  // Nothing reaches the destination before commit(). Both throw base::FileError.
  void write(std::string_view bytes);
  void commit();

 private:
  std::optional<base::AtomicFile> file_;
  std::string buffer_;  // for standard output
};

// Writes all of `text` to standard output. Succeeds silently if the reader has closed the pipe, as
// in `topnet scan | head -1`. Throws base::FileError for every other failure.
void print(std::string_view text);

}  // namespace topnet::cmd
