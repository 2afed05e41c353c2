// A local file could not be read or written.
#pragma once

#include <filesystem>
#include <string>
#include <system_error>

namespace topnet::base {

// what() is "could not write FILE: REASON", with FILE escaped (base/escape.h).
class FileError : public std::system_error {
 public:
  // `verb` names the failed action: "write", "read". `error` is an errno value.
  FileError(const std::string& verb, const std::filesystem::path& file, int error);
  // For a reason that has no errno value. `problem` also says what to do.
  FileError(const std::string& verb, const std::filesystem::path& file, const std::string& problem);

  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};

}  // namespace topnet::base
