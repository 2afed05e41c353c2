// Where a report goes: a file, whole or not at all, or standard output.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/atomic_file.h"

namespace topnet::cmd {

class Output {
 public:
  // `file` is a path, or "-" for standard output. Throws net::FileError where FILE cannot be
  // written, before any work is done for it.
  explicit Output(const std::string& file);

  // Both throw net::FileError. Nothing is to be seen at the destination before commit().
  void write(std::string_view bytes);
  void commit();

 private:
  std::optional<net::AtomicFile> file_;
  std::string held_back_;  // for standard output
};

// Writes all of `text`. A reader that has gone is none of our business: `topnet scan | head -1`
// ends quietly. Throws net::FileError for anything else, a full disk for instance.
void print(std::string_view text);

}  // namespace topnet::cmd
