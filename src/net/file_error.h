// A local file could not be read or written. A plain value.
#pragma once

#include <filesystem>
#include <string>
#include <system_error>

namespace topnet::net {

// what() reads "could not write FILE: REASON", FILE escaped (proc/escape.h), and ends with the next
// step where there is one.
class FileError : public std::system_error {
 public:
  // `verb` is what was tried: "write", "read". `error` is an errno value.
  FileError(const std::string& verb, const std::filesystem::path& file, int error);
  // `problem` says why, and what to do, where no errno does.
  FileError(const std::string& verb, const std::filesystem::path& file, const std::string& problem);

  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};

}  // namespace topnet::net
